/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in packed comes out as it was: both formats, members in a row, damage and cuts. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "support/cmocka.h"

#include "base/span.h"
#include "unpack/unpack.h"

#define TEXT_BYTES   ((size_t)300000)
#define PACKED_BYTES (2 * TEXT_BYTES)

static char text[TEXT_BYTES];
static char packed[PACKED_BYTES];
static char out[2 * TEXT_BYTES + 1];

typedef size_t pack_fn(const char *from, size_t len, char *to, size_t room);

static size_t pack_gzip(const char *from, size_t len, char *to, size_t room)
{
    z_stream stream = {.avail_in = (uInt)len, .next_out = (Bytef *)to, .avail_out = (uInt)room};

    memcpy(&stream.next_in, &from, sizeof(from));
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return room - stream.avail_out;
}

static size_t pack_zstd(const char *from, size_t len, char *to, size_t room)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t n;

    assert_non_null(context);
    /* As the zstd program does. */
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    n = ZSTD_compress2(context, to, room, from, len);
    assert_false(ZSTD_isError(n));
    (void)ZSTD_freeCCtx(context);
    return n;
}

static pack_fn *const packers[] = {pack_gzip, pack_zstd};

static int set_up(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (size_t i = 0; i < TEXT_BYTES; i++) { /* neither constant nor noise */
        seed = seed * 1103515245U + 12345U;
        text[i] = (char)(i % 80 == 79 ? '\n' : 'a' + (seed >> 16) % 16);
    }
    return 0;
}

/* Reads it all in pieces of `piece`; the answer of the last read. */
static enum rc unpack_all(const char *bytes, size_t len, size_t piece, size_t *ret_n,
                          struct err *err)
{
    struct unpack *unpack;
    enum rc rc;
    size_t n = 1;
    int fd = memfd_create("packed", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(unpack_new(fd, &unpack), RC_OK);
    *ret_n = 0;
    do {
        size_t room = sizeof(out) - *ret_n;
        rc = unpack_read(unpack, out + *ret_n, room < piece ? room : piece, &n, err);
        *ret_n += rc == RC_OK ? n : 0;
    } while (rc == RC_OK && n > 0);
    assert_null(unpack_free(unpack));
    assert_int_equal(close(fd), 0);
    return rc;
}

static void test_plain_text_is_handed_on(void **state)
{
    static const size_t lens[] = {0, 1, 3, 4, 5, 65536, 65537, TEXT_BYTES};
    struct err err;
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        assert_int_equal(unpack_all(text, lens[i], 1000, &n, &err), RC_OK);
        assert_int_equal(n, lens[i]);
        assert_memory_equal(out, text, n);
    }
}

static void test_packed_text_comes_out_as_it_was(void **state)
{
    static const size_t pieces[] = {1, 777, 262144};
    struct err err;
    size_t n;

    (void)state;
    for (size_t format = 0; format < 2; format++) {
        size_t len = packers[format](text, TEXT_BYTES, packed, PACKED_BYTES);
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            assert_int_equal(unpack_all(packed, len, pieces[i], &n, &err), RC_OK);
            assert_int_equal(n, TEXT_BYTES);
            assert_memory_equal(out, text, n);
        }
    }
}

static void test_nothing_packed_is_nothing(void **state)
{
    struct err err;
    size_t n;

    (void)state;
    for (size_t format = 0; format < 2; format++) {
        size_t len = packers[format](text, 0, packed, PACKED_BYTES);
        assert_int_equal(unpack_all(packed, len, 100, &n, &err), RC_OK);
        assert_int_equal(n, 0);
    }
}

static void test_members_in_a_row_and_padding_are_one_text(void **state)
{
    struct err err;
    size_t n;

    (void)state;
    for (size_t format = 0; format < 2; format++) {
        size_t len = packers[format](text, 100000, packed, PACKED_BYTES);
        len +=
            packers[format](text + 100000, TEXT_BYTES - 100000, packed + len, PACKED_BYTES - len);
        memset(packed + len, 0, 1000);
        assert_int_equal(unpack_all(packed, len + 1000, 5000, &n, &err), RC_OK);
        assert_int_equal(n, TEXT_BYTES);
        assert_memory_equal(out, text, n);
    }
}

static void test_what_is_cut_gives_what_there_is_and_an_error(void **state)
{
    struct err err;
    size_t n;

    (void)state;
    for (size_t format = 0; format < 2; format++) {
        size_t len = packers[format](text, TEXT_BYTES, packed, PACKED_BYTES);
        for (size_t cut = 5; cut < len; cut += len / 40 + 1) {
            assert_int_equal(unpack_all(packed, cut, 4096, &n, &err), RC_INVALID);
            assert_non_null(strstr(err.message, "cut short"));
            assert_memory_equal(out, text, n);
        }
        assert_true(n > TEXT_BYTES / 2);
    }
}

static void test_damage_is_said(void **state)
{
    struct err err;
    size_t n;

    (void)state;
    for (size_t format = 0; format < 2; format++) {
        size_t len = packers[format](text, TEXT_BYTES, packed, PACKED_BYTES);
        memset(packed + len / 2, 0xff, 4000);
        assert_int_equal(unpack_all(packed, len, 4096, &n, &err), RC_INVALID);
        assert_non_null(strstr(err.message, "damaged"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_is_handed_on),
        cmocka_unit_test(test_packed_text_comes_out_as_it_was),
        cmocka_unit_test(test_nothing_packed_is_nothing),
        cmocka_unit_test(test_members_in_a_row_and_padding_are_one_text),
        cmocka_unit_test(test_what_is_cut_gives_what_there_is_and_an_error),
        cmocka_unit_test(test_damage_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
