/* SPDX-License-Identifier: Apache-2.0 */
/* Of a unix socket the kernel drops nothing: the sender waits or is told. Of udp it drops when the
 * buffer is full, and counts (SO_RXQ_OVFL). */
#include "source/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RECEIVE_BUFFER (8 * 1024 * 1024)
#define PASSED_MAX     8

static enum rc fail(int fd, const char *addr, struct err *err)
{
    enum rc rc = rc_from_errno(errno);

    (void)err_set(err, rc, "%s: %s", addr, strerror(errno));
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

static void enlarge(int fd)
{
    const int size = RECEIVE_BUFFER;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)); /* as much as may be */
    }
}

static enum rc open_unix(const char *path, int *ret_fd, struct err *err)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct stat st;
    int fd;

    if (strlen(path) >= sizeof(addr.sun_path)) {
        return err_set(err, RC_TOO_BIG, "%s: too long for a socket", path);
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        (void)unlink(path); /* bind tells what is in the way */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0 ||
        chmod(path, 0666) != 0) {
        return fail(fd, path, err);
    }
    enlarge(fd);
    *ret_fd = fd;
    return RC_OK;
}

/* HOST:PORT, [HOST]:PORT or :PORT (of this machine alone). */
static enum rc resolve(const char *addr, int type, struct addrinfo **ret_info, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = type,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const char *colon = strrchr(addr, ':');
    size_t len = colon != NULL ? (size_t)(colon - addr) : 0;
    char host[64];

    if (len >= 2 && addr[0] == '[' && addr[len - 1] == ']') {
        addr++;
        len -= 2;
    }
    if (colon == NULL || len >= sizeof(host)) {
        return err_set(err, RC_INVALID, "%s: not HOST:PORT", addr);
    }
    (void)snprintf(host, sizeof(host), "%.*s", (int)len, addr);
    if (getaddrinfo(len > 0 ? host : "127.0.0.1", colon + 1, &hints, ret_info) != 0) {
        return err_set(err, RC_INVALID, "%s: not a numeric HOST:PORT", addr);
    }
    return RC_OK;
}

static enum rc open_inet(const char *addr, int type, int *ret_fd, struct err *err)
{
    const int on = 1;
    struct addrinfo *info;
    enum rc rc = resolve(addr, type, &info, err);
    int fd;
    bool ok;

    if (rc != RC_OK) {
        return rc;
    }
    fd = socket(info->ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ok = fd >= 0;
    if (ok && type == SOCK_STREAM) {
        ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
    }
    ok = ok && bind(fd, info->ai_addr, info->ai_addrlen) == 0;
    freeaddrinfo(info);
    if (!ok || (type == SOCK_STREAM && listen(fd, SOMAXCONN) != 0)) {
        return fail(fd, addr, err);
    }
    if (type == SOCK_DGRAM) {
        enlarge(fd);
        (void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on,
                         sizeof(on)); /* else drops are not told */
    }
    *ret_fd = fd;
    return RC_OK;
}

bool listen_is_stream(const char *addr)
{
    return strncmp(addr, "tcp:", 4) == 0;
}

enum rc listen_open(const char *addr, int *ret_fd, struct err *err)
{
    if (listen_is_stream(addr)) {
        return open_inet(addr + 4, SOCK_STREAM, ret_fd, err);
    }
    return strncmp(addr, "udp:", 4) == 0 ? open_inet(addr + 4, SOCK_DGRAM, ret_fd, err)
                                         : open_unix(addr, ret_fd, err);
}

static void take_passed(const struct cmsghdr *cmsg, struct datagram *datagram)
{
    size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < n; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
        if (datagram->fd < 0) {
            datagram->fd = fd;
        } else {
            (void)close(fd);
        }
    }
}

struct datagram listen_receive(int fd, char *to, size_t room)
{
    struct datagram datagram = {.fd = -1};
    struct iovec iov = {to, room};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * PASSED_MAX) + 64];
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};

    datagram.n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    if (datagram.n < 0) {
        return datagram;
    }
    datagram.truncated = (msg.msg_flags & MSG_TRUNC) != 0;
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
            take_passed(cmsg, &datagram);
        } else if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SO_RXQ_OVFL) {
            memcpy(&datagram.drops, CMSG_DATA(cmsg), sizeof(datagram.drops));
        }
    }
    return datagram;
}
