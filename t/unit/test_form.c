/* SPDX-License-Identifier: Apache-2.0 */
/* What each type of field takes and becomes, from a body and from a query, and which rule each
 * other value breaks. */
#include "unit.h"

#include "flx_form.h"

#define A  "11111111-1111-4111-8111-11111111111a"
#define B  "22222222-2222-4222-8222-22222222222b"
#define UA "11111111-1111-4111-8111-11111111111A"

typedef int reading(flx_form *form, const flx_field *fields, int count, const char *text,
                    size_t length);

static const char *const colours[] = { "red", "green", NULL };

/* One field of each type. */
static const flx_field all_types[] = {
    { .name = "text", .type = FLX_FIELD_TEXT, .max = 3 },
    { .name = "uuid", .type = FLX_FIELD_UUID },
    { .name = "uuids", .type = FLX_FIELD_UUIDS, .min = 1, .max = 4 },
    { .name = "time", .type = FLX_FIELD_TIME },
    { .name = "cursor", .type = FLX_FIELD_CURSOR },
    { .name = "bool", .type = FLX_FIELD_BOOL },
    { .name = "choice", .type = FLX_FIELD_CHOICE, .choices = colours },
    { .name = "number", .type = FLX_FIELD_NUMBER, .min = 1, .max = 200 },
    { .name = "object", .type = FLX_FIELD_OBJECT, .null_empties = 1 },
    { .name = "id", .type = FLX_FIELD_CONVERSATION_ID },
    { .name = "draft", .type = FLX_FIELD_TEXT, .max = 10, .null_empties = 1 },
    { .name = "big", .type = FLX_FIELD_NUMBER, .min = 0, .max = INT64_MAX },
};

#define ALL_TYPES ((int)(sizeof all_types / sizeof all_types[0]))

/* Reads a copy of just the text's size, which is gone before the form is looked at, and writes
 * down what comes out: "name=value;" for each value, then "!field:rule;" for each fault. */
static void describe(reading *read, const flx_field *fields, int count, const char *text,
                     size_t length, char *seen, size_t room)
{
    char *copy = unit_copy(text, length);
    size_t used = 0;
    flx_form form;
    int i, status = read(&form, fields, count, copy, length);

    free(copy);
    seen[0] = '\0';
    for (i = 0; i < count; i++) {
        if (form.values[i] != NULL) {
            used += (size_t)snprintf(seen + used, room - used, "%s=%s;", fields[i].name,
                                     form.values[i]);
        }
    }
    for (i = 0; i < form.fault_count; i++) {
        used +=
            (size_t)snprintf(seen + used, room - used, "!%s%s:%s;", form.is_malformed ? "!" : "",
                             form.faults[i].field, form.faults[i].rule);
    }
    assert_int_equal(status, form.fault_count > 0 ? -1 : 0);
    flx_form_free(&form);
}

typedef struct form_case {
    const char *text;
    const char *seen;
} form_case;

static void check_all(reading *read, const form_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        char seen[1000];
        describe(read, all_types, ALL_TYPES, cases[i].text, strlen(cases[i].text), seen,
                 sizeof seen);
        if (strcmp(seen, cases[i].seen) != 0) {
            fail_msg("%.100s: %s, not %s", cases[i].text, seen, cases[i].seen);
        }
    }
}

#define CHECK_ALL(read, cases) check_all(read, cases, sizeof(cases) / sizeof(cases)[0])

static void reads_each_type_from_json(void **state)
{
    static const form_case cases[] = {
        { "{}", "" },
        { " { \"other\" : [1] } ", "" },
        { "{\"text\":\"\"}", "text=;" },
        { "{\"text\":\"\xE4\xBD\xA0\xE5\xA5\xBD\\ud83d\\ude00\"}",
          "text=\xE4\xBD\xA0\xE5\xA5\xBD\xF0\x9F\x98\x80;" },
        { "{\"\\u0074ext\":\"%s'\"}", "text=%s';" },
        { "{\"uuid\":\"" UA "\"}", "uuid=" A ";" },
        { "{\"uuids\":[\"" B "\",\"" UA "\"]}", "uuids={" B "," A "};" },
        { "{\"uuids\":[ \"\\u0032\\u0032222222-2222-4222-8222-22222222222b\" , \"" A "\" ]}",
          "uuids={" B "," A "};" },
        { "{\"uuids\":[\"" B "\",\"" UA "\",\"" A "\",\"" B "\"]}", "uuids={" B "," A "};" },
        { "{\"time\":\"2025-04-10T18:30:00+08:00\"}", "time=2025-04-10T10:30:00.000Z;" },
        { "{\"cursor\":\"2025-04-10t10:30:00.1239z\"}", "cursor=2025-04-10T10:30:00.123Z;" },
        { "{\"cursor\":\"\"}", "" },
        { "{\"cursor\":\"0\"}", "" },
        { "{\"bool\":true}", "bool=true;" },
        { "{\"bool\":false}", "bool=false;" },
        { "{\"choice\":\"gr\\u0065en\"}", "choice=green;" },
        { "{\"number\":1}", "number=1;" },
        { "{\"number\":200}", "number=200;" },
        { "{\"object\":{ \"b\":1e2, \"a\":\"\\u00e9\"}}",
          "object={ \"b\":1e2, \"a\":\"\\u00e9\"};" },
        { "{\"object\":{}}", "object={};" },
        { "{\"id\":\"private:" UA ":" B "\"}", "id=private:" A ":" B ";" },
        { "{\"id\":\"GROUP:" UA "\"}", "id=group:" A ";" },
        { "{\"id\":\"interaction:" A "\"}", "id=interaction:" A ";" },
        { "{\"id\":\"system:notification:" A "\"}", "id=system:notification:" A ";" },
        { "{\"id\":\"system:announcement:" A "\"}", "id=system:announcement:" A ";" },
        { "{\"big\":9223372036854775807}", "big=9223372036854775807;" },
    };

    (void)state;
    CHECK_ALL(flx_form_read_json, cases);
}

static void takes_null_for_absent(void **state)
{
    static const form_case cases[] = {
        { "{\"text\":null,\"uuid\":null,\"uuids\":null,\"time\":null,\"cursor\":null,\"bool\":null,"
          "\"choice\":null,\"number\":null,\"id\":null}",
          "" },
        { "{\"draft\":null}", "draft=;" },
        { "{\"draft\":\"\"}", "draft=;" },
        { "{\"object\":null}", "object=null;" },
    };

    (void)state;
    CHECK_ALL(flx_form_read_json, cases);
}

static void names_the_rule_that_a_type_breaks(void **state)
{
    static const form_case cases[] = {
        { "{\"text\":1}", "!text:string;" },
        { "{\"text\":[\"a\"]}", "!text:string;" },
        { "{\"text\":\"\xE4\xBD\xA0\xE5\xA5\xBD\\ud83d\\ude00.\"}", "!text:too_long;" },
        { "{\"uuid\":true}", "!uuid:uuid;" },
        { "{\"uuids\":\"" A "\"}", "!uuids:array;" },
        { "{\"uuids\":{}}", "!uuids:array;" },
        { "{\"uuids\":[]}", "!uuids:required;" },
        { "{\"uuids\":[\"\"]}", "!uuids:uuids;" },
        { "{\"uuids\":[\"" A "\",null]}", "!uuids:uuids;" },
        { "{\"uuids\":[[\"" A "\"]]}", "!uuids:uuids;" },
        { "{\"uuids\":[1]}", "!uuids:uuids;" },
        { "{\"uuids\":[\"" A "\",{\"a\":\"" A "\"}]}", "!uuids:uuids;" },
        { "{\"uuids\":[\"" A "0\"]}", "!uuids:uuids;" },
        { "{\"uuids\":[1,{},[],null,\"\"]}", "!uuids:too_many;" },
        { "{\"uuids\":[\"" A "}\"]}", "!uuids:uuids;" },
        { "{\"uuids\":[\"" A "\",\"" A "\",\"" A "\",\"" A "\",\"" A "\"]}", "!uuids:too_many;" },
        { "{\"time\":1744281000}", "!time:time;" },
        { "{\"time\":\"\"}", "!time:time;" },
        { "{\"cursor\":0}", "!cursor:time;" },
        { "{\"cursor\":\"00\"}", "!cursor:time;" },
        { "{\"bool\":\"true\"}", "!bool:boolean;" },
        { "{\"bool\":1}", "!bool:boolean;" },
        { "{\"choice\":\"\"}", "!choice:choice;" },
        { "{\"choice\":\"Red\"}", "!choice:choice;" },
        { "{\"choice\":\"redd\"}", "!choice:choice;" },
        { "{\"choice\":0}", "!choice:choice;" },
        { "{\"number\":\"1\"}", "!number:number;" },
        { "{\"number\":1.0}", "!number:number;" },
        { "{\"number\":1e1}", "!number:number;" },
        { "{\"number\":-1}", "!number:number;" },
        { "{\"object\":[]}", "!object:object;" },
        { "{\"object\":\"{}\"}", "!object:object;" },
        { "{\"id\":7}", "!id:conversation_id;" },
        { "{\"id\":\"\"}", "!id:conversation_id;" },
        { "{\"id\":\"group:a b\"}", "!id:conversation_id;" },
        { "{\"id\":\"group_a\"}", "!id:conversation_id;" },
        { "{\"id\":\"gr\xC3\xB6up\"}", "!id:conversation_id;" },
        { "{\"id\":\"private:" A ":" B "0\"}", "!id:conversation_id;" },
        { "{\"id\":\"private:" B ":" A "\"}", "!id:conversation_id;" },
        { "{\"id\":\"private:" A "\"}", "!id:conversation_id;" },
        { "{\"id\":\"private:" A "-" B "\"}", "!id:conversation_id;" },
        { "{\"id\":\"group:" A ":" B "\"}", "!id:conversation_id;" },
        { "{\"id\":\"system:" A "\"}", "!id:conversation_id;" },
        { "{\"id\":\"public:" A "\"}", "!id:conversation_id;" },
    };

    (void)state;
    CHECK_ALL(flx_form_read_json, cases);
}

/* What the scanner finds, and one fault of the whole whatever else is wrong. */
static void says_what_a_malformed_body_is(void **state)
{
    static const form_case cases[] = {
        { "", "!!body:syntax;" },
        { "  ", "!!body:syntax;" },
        { "{\"uuid\":\"x\"", "!!body:syntax;" },
        { "{}{}", "!!body:syntax;" },
        { "{/**/}", "!!body:syntax;" },
        { "{\"number\":0x10}", "!!body:syntax;" },
        { "{\"number\":NaN}", "!!body:syntax;" },
        { "\xEF\xBB\xBF{}", "!!body:encoding;" },
        { "{\"text\":\"\\ud800\"}", "!!body:encoding;" },
        { "{\"text\":\"\xC0\xAF\"}", "!!body:encoding;" },
        { "{\"text\":\"a\\u0000b\"}", "!!body:nul;" },
        { "{\"text\":\"a\",\"te\\u0078t\":\"a\"}", "!!body:duplicate_key;" },
        { "{\"__proto__\":1,\"__proto__\":1}", "!!body:duplicate_key;" },
        { "{\"object\":{\"n\":1e100000}}", "!!body:number_too_long;" },
        { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "!!body:too_deep;" },
        { "[]", "!!body:not_an_object;" },
        { " [{\"uuid\":\"x\"}]", "!!body:not_an_object;" },
        { "null", "!!body:not_an_object;" },
        { "\"{}\"", "!!body:not_an_object;" },
    };
    char text[8000] = "{", seen[100];
    size_t used = 1;
    int i;

    (void)state;
    CHECK_ALL(flx_form_read_json, cases);
    describe(flx_form_read_json, all_types, ALL_TYPES, "{}\0", 3, seen, sizeof seen);
    assert_string_equal(seen, "!!body:syntax;");
    for (i = 0; i < 513; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s\"%d\":1", i ? "," : "", i);
    }
    describe(flx_form_read_json, all_types, ALL_TYPES, text, used, seen, sizeof seen);
    assert_string_equal(seen, "!!body:too_many_members;");
}

static void reads_each_type_from_a_query(void **state)
{
    static const form_case cases[] = {
        { "", "" },
        { "other=1&other=2&&", "" },
        { "text=a+%C3%A9", "text=a \xC3\xA9;" },
        { "text", "text=;" },
        { "te%78t=%26", "text=&;" },
        { "uuid=" UA, "uuid=" A ";" },
        { "time=2025-04-10T18:30:00%2B08:00", "time=2025-04-10T10:30:00.000Z;" },
        { "cursor=2025-04-10T10:30:00Z&text=b", "text=b;cursor=2025-04-10T10:30:00.000Z;" },
        { "cursor=", "" },
        { "cursor=0", "" },
        { "choice=red", "choice=red;" },
        { "number=007", "number=7;" },
        { "big=0&number=200", "number=200;big=0;" },
        { "id=GROUP%3A" UA, "id=group:" A ";" },
        { "draft=null", "draft=null;" },
    };

    (void)state;
    CHECK_ALL(flx_form_read_query, cases);
}

static void names_the_rule_that_a_parameter_breaks(void **state)
{
    static const form_case cases[] = {
        { "text=abcd", "!text:too_long;" },
        { "uuid=", "!uuid:uuid;" },
        { "uuids=" A, "!uuids:array;" },
        { "time=2025-04-10T18:30:00+08:00", "!time:time;" },
        { "cursor=now", "!cursor:time;" },
        { "bool=true", "!bool:boolean;" },
        { "choice=", "!choice:choice;" },
        { "number=", "!number:number;" },
        { "number=-1", "!number:number;" },
        { "number=+1", "!number:number;" },
        { "number=1.5", "!number:number;" },
        { "number=1e2", "!number:number;" },
        { "number=0", "!number:range;" },
        { "number=201", "!number:range;" },
        { "number=99999999999999999999", "!number:range;" },
        { "number=18446744073709551617", "!number:range;" },
        { "big=9223372036854775808", "!big:range;" },
        { "big=92233720368547758070", "!big:range;" },
        { "big=99999999999999999999x", "!big:number;" },
        { "object=%7B%7D", "!object:object;" },
        { "id=", "!id:conversation_id;" },
        { "text=a&text=a", "!text:repeated;" },
        { "text=&number=1&t%65xt=", "number=1;!text:repeated;" },
        { "cursor&cursor&cursor", "!cursor:repeated;" },
    };

    (void)state;
    CHECK_ALL(flx_form_read_query, cases);
}

static void says_what_a_malformed_query_is(void **state)
{
    static const form_case cases[] = {
        { "text=%", "!!query:encoding;" },        { "%zz=1", "!!query:encoding;" },
        { "other=%00", "!!query:encoding;" },     { "text=%C0%AF", "!!query:encoding;" },
        { "text=a&o=\xFF", "!!query:encoding;" }, { "uuid=x&text=%E4%BD", "!!query:encoding;" },
    };
    flx_form form;

    (void)state;
    CHECK_ALL(flx_form_read_query, cases);
    assert_int_equal(flx_form_read_query(&form, all_types, ALL_TYPES, NULL, 0), 0);
    flx_form_free(&form);
    assert_int_equal(flx_form_read_json(&form, all_types, ALL_TYPES, NULL, 0), -1);
    flx_form_free(&form);
}

/* Spellings that PostgreSQL would take. */
static void takes_one_spelling_only(void **state)
{
    static const char *const uuids[] = {
        "{" A "}",
        "111111111111411181111111111111a1",
        A " ",
        "1111-11111111-4111-8111-11111111111a",
    };
    static const char *const times[] = {
        "infinity",
        "-infinity",
        "now",
        "epoch",
        "today",
        "2025-04-10",
        "0044-03-15T10:00:00Z BC",
        "2025-04-10T24:00:00Z",
        "2025-04-10T10:30:60Z",
        "Thu Apr 10 10:30:00 2025",
        "2025-04-10T10:30:00 Europe/Paris",
        "2025-02-30T10:30:00Z",
        "2025-04-10 10:30:00Z",
        "99999-01-01T00:00:00Z",
    };
    char text[200], seen[200];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof uuids / sizeof uuids[0]; i++) {
        snprintf(text, sizeof text, "{\"uuid\":\"%s\"}", uuids[i]);
        describe(flx_form_read_json, all_types, ALL_TYPES, text, strlen(text), seen, sizeof seen);
        assert_string_equal(seen, "!uuid:uuid;");
    }
    for (i = 0; i < sizeof times / sizeof times[0]; i++) {
        snprintf(text, sizeof text, "{\"time\":\"%s\"}", times[i]);
        describe(flx_form_read_json, all_types, ALL_TYPES, text, strlen(text), seen, sizeof seen);
        assert_string_equal(seen, "!time:time;");
    }
}

static void collects_all_faults_in_the_order_of_the_table(void **state)
{
    static const form_case cases[] = {
        { "{\"id\":1,\"number\":1000,\"bool\":true,\"uuids\":[1],\"uuid\":2,\"text\":\"long one\"}",
          "bool=true;!text:too_long;!uuid:uuid;!uuids:uuids;!number:range;!id:conversation_id;" },
    };
    static const flx_field required[] = {
        { .name = "a", .type = FLX_FIELD_TEXT, .max = 9, .required = 1 },
        { .name = "b", .type = FLX_FIELD_UUIDS, .max = 9, .required = 1 },
        { .name = "c", .type = FLX_FIELD_CURSOR, .required = 1 },
        { .name = "d", .type = FLX_FIELD_TEXT, .max = 9, .required = 1, .null_empties = 1 },
        { .name = "e", .type = FLX_FIELD_UUID, .required = 1 },
    };
    static const char nearly[] = "{\"a\":\"\",\"b\":[],\"c\":\"0\",\"d\":null,\"e\":1}";
    char seen[200];

    (void)state;
    CHECK_ALL(flx_form_read_json, cases);
    describe(flx_form_read_json, required, 5, "{}", 2, seen, sizeof seen);
    assert_string_equal(seen, "!a:required;!b:required;!c:required;!d:required;!e:required;");
    describe(flx_form_read_json, required, 5, nearly, strlen(nearly), seen, sizeof seen);
    assert_string_equal(seen, "a=;b={};d=;!c:required;!e:uuid;");
    describe(flx_form_read_query, required, 5, "a=&e", 4, seen, sizeof seen);
    assert_string_equal(seen, "a=;!b:required;!c:required;!d:required;!e:uuid;");
}

/* As many as a message may have receivers; all of them remain, in their order. */
static void takes_a_thousand_uuids(void **state)
{
    static const flx_field field = {
        .name = "ids", .type = FLX_FIELD_UUIDS, .min = 1, .max = 1000
    };
    static char text[42000], seen[42000], expected[42000];
    int i, count;

    (void)state;
    for (count = 1000; count <= 1001; count++) {
        size_t used = (size_t)snprintf(text, sizeof text, "{\"ids\":[");
        size_t written = (size_t)snprintf(expected, sizeof expected, "ids={");
        for (i = 0; i < count; i++) {
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "%s\"00000000-0000-7000-8000-%012d\"", i > 0 ? "," : "", i);
            written += (size_t)snprintf(expected + written, sizeof expected - written,
                                        "%s00000000-0000-7000-8000-%012d", i > 0 ? "," : "", i);
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "]}");
        snprintf(expected + written, sizeof expected - written, "};");
        describe(flx_form_read_json, &field, 1, text, used, seen, sizeof seen);
        assert_string_equal(seen, count == 1000 ? expected : "!ids:too_many;");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_type_from_json),
        cmocka_unit_test(takes_null_for_absent),
        cmocka_unit_test(names_the_rule_that_a_type_breaks),
        cmocka_unit_test(says_what_a_malformed_body_is),
        cmocka_unit_test(reads_each_type_from_a_query),
        cmocka_unit_test(names_the_rule_that_a_parameter_breaks),
        cmocka_unit_test(says_what_a_malformed_query_is),
        cmocka_unit_test(takes_one_spelling_only),
        cmocka_unit_test(collects_all_faults_in_the_order_of_the_table),
        cmocka_unit_test(takes_a_thousand_uuids),
    };

    return unit_run("form", tests, sizeof tests / sizeof tests[0]);
}
