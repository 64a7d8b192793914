/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog and native entries over real sockets. */
#include "unit/source/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "source/native.h"
#include "source/native_entry.h"
#include "source/syslog.h"

static int to_socket(struct rig *rig)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%.100s", rig_path(rig, "sock"));
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

static void open_syslog(struct rig *rig)
{
    struct err err;

    assert_int_equal(source_open_syslog(rig->loop,
                                        &(struct syslog_opts){.addr = rig_path(rig, "sock")},
                                        &rig_ops, rig, &rig->source, &err),
                     RC_OK);
    (void)rig_expect_notice(rig, SOURCE_READY);
}

static void open_native(struct rig *rig)
{
    struct err err;

    assert_int_equal(source_open_journal_native(rig->loop,
                                                &(struct native_opts){rig_path(rig, "sock")},
                                                &rig_ops, rig, &rig->source, &err),
                     RC_OK);
    (void)rig_expect_notice(rig, SOURCE_READY);
}

static void put(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void syslog_datagrams_become_messages(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    open_syslog(&rig);
    fd = to_socket(&rig);
    put(fd, "<11>Nov 23 21:14:06 train[6255]: one");
    put(fd, "<4>1 - node kernel - - - two");
    rig_expect(&rig, "one\ntwo\n");
    assert_int_equal(rig.n_kernel, 1);
    assert_string_equal(rig.host, "node");
    put(fd, "<11>three");
    rig_drain(&rig);
    assert_string_equal(rig.text, "one\ntwo\nthree\n");
    rig_fini(&rig);
    (void)close(fd);
}

static void bad_addresses_are_errors(void **state)
{
    static const char *const bad[] = {"udp:nohost", "udp:localhost:1", "tcp:127.0.0.1:x",
                                      "/nonexistent/dir/sock", "/dev/null"};
    struct rig rig;
    struct err err;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_not_equal(source_open_syslog(rig.loop, &(struct syslog_opts){bad[i]}, &rig_ops,
                                                &rig, &rig.source, &err),
                             RC_OK);
    }
    assert_int_equal(access("/dev/null", F_OK), 0);
    rig_fini(&rig);
}

static void native_entries_of_both_forms_arrive(void **state)
{
    static const char binary[] = "MESSAGE\n\5\0\0\0\0\0\0\0tw\no\n\nSYSLOG_IDENTIFIER=train\n";
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    open_native(&rig);
    fd = to_socket(&rig);
    put(fd, "MESSAGE=one\nPRIORITY=3\n");
    assert_true(send(fd, binary, sizeof(binary) - 1, 0) > 0);
    put(fd, "PRIORITY=3\n");
    put(fd, "MESSAGE\ngarbage");
    put(fd, "MESSAGE=end");
    rig_expect(&rig, "one\ntw\no\n\nend\n");
    assert_int_equal(source_peek_stats(rig.source)->bad_messages, 2);
    rig_fini(&rig);
    (void)close(fd);
}

static void send_descriptor(int to, int passed)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &passed, sizeof(passed));
    assert_int_equal(sendmsg(to, &msg, 0), 0);
}

static void passed_memfd_is_read_and_a_pipe_is_not(void **state)
{
    int memfd = memfd_create("entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int ends[2];
    struct rig rig;
    int fd;

    (void)state;
    rig_init(&rig);
    open_native(&rig);
    fd = to_socket(&rig);
    assert_int_equal(write(memfd, "MESSAGE=large\n", 14), 14);
    assert_int_equal(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
    assert_int_equal(pipe(ends), 0);
    send_descriptor(fd, ends[0]);
    send_descriptor(fd, memfd);
    rig_expect(&rig, "large\n");
    assert_int_equal(source_peek_stats(rig.source)->bad_messages, 1);
    rig_fini(&rig);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(memfd);
    (void)close(fd);
}

#define FLOOD 200000

static bool has_flood(struct rig *rig)
{
    return rig->n_messages >= FLOOD;
}

/* Of a unix socket the kernel drops nothing: a sender that blocks waits for us. */
static void flood_of_entries_is_all_seen(void **state)
{
    struct rig rig;
    pid_t sender;
    int status;
    int fd;

    (void)state;
    rig_init(&rig);
    open_native(&rig);
    fd = to_socket(&rig);
    sender = fork();
    if (sender == 0) {
        char text[64];
        for (int i = 0; i < FLOOD; i++) {
            int n = snprintf(text, sizeof(text), "MESSAGE=step %d\n", i);
            if (send(fd, text, (size_t)n, 0) != n) {
                _exit(1);
            }
        }
        _exit(0);
    }
    assert_true(sender > 0);
    assert_true(rig_wait_until(&rig, has_flood));
    assert_int_equal(waitpid(sender, &status, 0), sender);
    assert_int_equal(status, 0);
    assert_int_equal(rig.n_messages, FLOOD);
    assert_int_equal(strncmp(rig.text + rig.len - strlen("step 199999\n"), "step 199999\n", 12), 0);
    rig_fini(&rig);
    (void)close(fd);
}

static bool has_end(struct rig *rig)
{
    return rig->len >= 4 && strcmp(rig->text + rig->len - 4, "end\n") == 0;
}

static void what_udp_has_dropped_is_counted_and_told(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(to);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint64_t sent = 0;
    struct rig rig;
    struct err err;
    char addr[64];

    (void)state;
    rig_init(&rig);
    assert_int_equal(bind(probe, (struct sockaddr *)&to, len), 0);
    assert_int_equal(getsockname(probe, (struct sockaddr *)&to, &len), 0);
    (void)close(probe);
    (void)snprintf(addr, sizeof(addr), "udp:127.0.0.1:%d", ntohs(to.sin_port));
    assert_int_equal(source_open_syslog(rig.loop, &(struct syslog_opts){addr}, &rig_ops, &rig,
                                        &rig.source, &err),
                     RC_OK);
    (void)rig_expect_notice(&rig, SOURCE_READY);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, len), 0);
    for (; sent < 100000; sent++) { /* nobody reads yet */
        put(fd, "<13>flood");
    }
    rig_drain(&rig);
    put(fd, "<13>end");
    sent++;
    assert_true(rig_wait_until(&rig, has_end));
    assert_true(source_peek_stats(rig.source)->lost_messages > 0);
    /* On a busy machine the loopback device drops some, too, which no socket's counter tells. */
    assert_true(rig.n_messages + source_peek_stats(rig.source)->lost_messages <= sent);
    assert_true(rig_count(&rig, SOURCE_LOST) > 0);
    rig_fini(&rig);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syslog_datagrams_become_messages),
        cmocka_unit_test(bad_addresses_are_errors),
        cmocka_unit_test(native_entries_of_both_forms_arrive),
        cmocka_unit_test(passed_memfd_is_read_and_a_pipe_is_not),
        cmocka_unit_test(flood_of_entries_is_all_seen),
        cmocka_unit_test(what_udp_has_dropped_is_counted_and_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
