/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text that lives in a pool. */
#include "text.h"

const char *flixim_text_of_uuid(apr_pool_t *p, const flx_uuid *uuid)
{
    char *text = apr_palloc(p, FLX_UUID_TEXT + 1);

    flx_uuid_write(uuid, text);
    text[FLX_UUID_TEXT] = '\0';
    return text;
}

const char *flixim_text_of_time(apr_pool_t *p, flx_time time)
{
    char *text = apr_palloc(p, FLX_TIME_TEXT + 1);

    flx_time_write(time, text);
    text[FLX_TIME_TEXT] = '\0';
    return text;
}
