/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a client: in order, by reference, and dropped only between units. */
/* With pushd: outbox.c block.c */
#include "unit.h"

#include "outbox.h"

static void add(push_outbox *outbox, const char *text, int ends_unit)
{
    push_block *block = push_block_make(text, strlen(text));

    assert_non_null(block);
    assert_int_equal(push_outbox_add(outbox, block, ends_unit), 0);
}

/* Whether it holds just that, and in how many buffers. */
static void holds(const push_outbox *outbox, const char *text, unsigned count)
{
    uv_buf_t buffers[100];
    char seen[1000] = "";
    size_t used = 0;
    unsigned found = push_outbox_peek(outbox, buffers, 100, 1000000), i;

    for (i = 0; i < found; i++) {
        memcpy(seen + used, buffers[i].base, buffers[i].len);
        used += buffers[i].len;
    }
    assert_string_equal(seen, text);
    assert_int_equal(found, count);
    assert_int_equal(outbox->bytes, strlen(text));
}

static void writes_in_order(void **state)
{
    push_outbox outbox = { 0 };
    uv_buf_t buffers[4];
    char all[200] = "";
    size_t used = 0;
    int i;

    (void)state;
    for (i = 0; i < 40; i++) { /* more than it begins with, around its ring */
        char text[8];
        snprintf(text, sizeof text, "<%d>", i);
        add(&outbox, text, 1);
        if (i < 20) {
            push_outbox_written(&outbox, strlen(text));
        }
        else {
            used += (size_t)snprintf(all + used, sizeof all - used, "%s", text);
        }
    }
    holds(&outbox, all, 20);
    assert_int_equal(push_outbox_peek(&outbox, buffers, 4, 1000), 4);
    assert_int_equal(push_outbox_peek(&outbox, buffers, 4, 5), 2);
    push_outbox_written(&outbox, 6);
    holds(&outbox, all + 6, 19);
    push_outbox_written(&outbox, strlen(all) - 6);
    holds(&outbox, "", 0);
    assert_null(outbox.entries);
}

static void hands_over(void **state)
{
    push_outbox outbox = { 0 };
    push_block *block;
    size_t offset;

    (void)state;
    assert_null(push_outbox_take(&outbox, &offset));
    add(&outbox, "abc", 1);
    add(&outbox, "de", 1);
    push_outbox_written(&outbox, 1);
    block = push_outbox_take(&outbox, &offset);
    assert_memory_equal(block->bytes, "abc", 3);
    assert_int_equal(offset, 1);
    push_block_release(block);
    holds(&outbox, "de", 1);
    push_outbox_free(&outbox);
}

static void shares_blocks(void **state)
{
    push_outbox one = { 0 }, two = { 0 };
    push_block *block = push_block_make("shared", 6);

    (void)state;
    assert_int_equal(push_outbox_add(&one, push_block_share(block), 1), 0);
    assert_int_equal(push_outbox_add(&two, push_block_share(block), 1), 0);
    assert_int_equal(block->references, 3);
    push_outbox_written(&one, 6);
    assert_int_equal(block->references, 2);
    push_outbox_free(&two);
    assert_int_equal(block->references, 1);
    push_block_release(block);
    push_block_release(NULL);
}

static void drops_between_units(void **state)
{
    /* units: "aA", "bB" "cC", "dD" */
    static const struct {
        size_t written;
        const char *kept;
    } cases[] = {
        { 0, "" },   { 1, "A" }, { 2, "" }, { 3, "BcC" },
        { 4, "cC" }, { 5, "C" }, { 6, "" }, { 7, "D" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        push_outbox outbox = { 0 };
        add(&outbox, "aA", 1);
        add(&outbox, "bB", 0);
        add(&outbox, "cC", 1);
        add(&outbox, "dD", 1);
        if (cases[i].written > 0) {
            push_outbox_written(&outbox, cases[i].written);
        }
        push_outbox_drop(&outbox);
        holds(&outbox, cases[i].kept, outbox.count);
        /* and goes on as if nothing had been */
        add(&outbox, "!", 1);
        assert_int_equal(outbox.bytes, strlen(cases[i].kept) + 1);
        push_outbox_free(&outbox);
    }
}

static void an_empty_block_ends_a_unit(void **state)
{
    push_outbox outbox = { 0 };

    (void)state;
    add(&outbox, "h", 0);
    add(&outbox, "", 1);
    add(&outbox, "next", 1);
    holds(&outbox, "hnext", 2);
    push_outbox_written(&outbox, 1);
    push_outbox_drop(&outbox);
    holds(&outbox, "", 0);
    add(&outbox, "h", 0);
    push_outbox_written(&outbox, 1);
    add(&outbox, "", 1);
    add(&outbox, "next", 1);
    push_outbox_drop(&outbox);
    holds(&outbox, "", 0);
    push_outbox_free(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_in_order),
        cmocka_unit_test(hands_over),
        cmocka_unit_test(shares_blocks),
        cmocka_unit_test(drops_between_units),
        cmocka_unit_test(an_empty_block_ends_a_unit),
    };

    return unit_run("outbox", tests, sizeof tests / sizeof tests[0]);
}
