/* SPDX-License-Identifier: Apache-2.0 */
/* Instants: RFC 3339 text to milliseconds since 1970 and back. */
#include "flx_time.h"

#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_DAY    INT64_C(86400000)

/* What is left to read. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Years are counted from
 * March, so that the leap day is a year's last; 400 years have 146,097 days. */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    int64_t d = days + 719468;
    int64_t era = (d >= 0 ? d : d - 146096) / 146097;
    int64_t day_of_era = d - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly count digits whose value lies between low and high. */
static int read_number(cursor *in, int count, int low, int high, int *value)
{
    int i, result = 0;

    if (in->end - in->at < count) {
        return -1;
    }
    for (i = 0; i < count; i++) {
        if (!is_digit(in->at[i])) {
            return -1;
        }
        result = result * 10 + (in->at[i] - '0');
    }
    if (result < low || result > high) {
        return -1;
    }
    in->at += count;
    *value = result;
    return 0;
}

/* Reads one character, one of the two given. */
static int read_either(cursor *in, char one, char other)
{
    if (in->at == in->end || (*in->at != one && *in->at != other)) {
        return -1;
    }
    in->at++;
    return 0;
}

static int read_date(cursor *in, int64_t *days)
{
    static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day;
    int is_leap;

    if (read_number(in, 4, 1, 9999, &year) || read_either(in, '-', '-') ||
        read_number(in, 2, 1, 12, &month) || read_either(in, '-', '-') ||
        read_number(in, 2, 1, 31, &day)) {
        return -1;
    }
    is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > length[month - 1] + (month == 2 && is_leap)) {
        return -1;
    }
    *days = days_from_date(year, month, day);
    return 0;
}

/* The time of the day in milliseconds. */
static int read_clock(cursor *in, int64_t *ms)
{
    int hour, minute, second;
    int64_t scale = 100;

    if (read_number(in, 2, 0, 23, &hour) || read_either(in, ':', ':') ||
        read_number(in, 2, 0, 59, &minute) || read_either(in, ':', ':') ||
        read_number(in, 2, 0, 59, &second)) {
        return -1;
    }
    *ms = ((INT64_C(60) * hour + minute) * 60 + second) * 1000;
    if (in->at < in->end && *in->at == '.') {
        in->at++;
        if (in->at == in->end || !is_digit(*in->at)) {
            return -1;
        }
        for (; in->at < in->end && is_digit(*in->at); in->at++) {
            *ms += scale * (*in->at - '0');
            scale /= 10;
        }
    }
    return 0;
}

/* The offset from UTC in milliseconds. */
static int read_offset(cursor *in, int64_t *ms)
{
    int hour, minute, sign;

    if (read_either(in, 'Z', 'z') == 0) {
        *ms = 0;
        return 0;
    }
    sign = in->at < in->end && *in->at == '-' ? -1 : 1;
    if (read_either(in, '+', '-') || read_number(in, 2, 0, 23, &hour) ||
        read_either(in, ':', ':') || read_number(in, 2, 0, 59, &minute)) {
        return -1;
    }
    *ms = MS_PER_MINUTE * sign * (INT64_C(60) * hour + minute);
    return 0;
}

int flx_time_read(flx_time *time, const char *text, size_t length)
{
    cursor in = { text, text + length };
    int64_t days, clock, offset, result;

    if (read_date(&in, &days) || read_either(&in, 'T', 't') || read_clock(&in, &clock) ||
        read_offset(&in, &offset) || in.at != in.end) {
        return -1;
    }
    result = days * MS_PER_DAY + clock - offset;
    if (result < FLX_TIME_MIN || result > FLX_TIME_MAX) {
        return -1;
    }
    *time = result;
    return 0;
}

static void write_number(char *text, int digits, int64_t value)
{
    while (digits-- > 0) {
        text[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

void flx_time_write(flx_time time, char text[FLX_TIME_TEXT])
{
    int64_t days = time >= 0 ? time / MS_PER_DAY : (time - MS_PER_DAY + 1) / MS_PER_DAY;
    int64_t clock = time - days * MS_PER_DAY;
    int year, month, day;

    date_from_days(days, &year, &month, &day);
    write_number(text, 4, year);
    text[4] = '-';
    write_number(text + 5, 2, month);
    text[7] = '-';
    write_number(text + 8, 2, day);
    text[10] = 'T';
    write_number(text + 11, 2, clock / 3600000);
    text[13] = ':';
    write_number(text + 14, 2, clock / 60000 % 60);
    text[16] = ':';
    write_number(text + 17, 2, clock / 1000 % 60);
    text[19] = '.';
    write_number(text + 20, 3, clock % 1000);
    text[23] = 'Z';
}
