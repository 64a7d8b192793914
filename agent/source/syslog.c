/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One socket. Of datagrams each is a message; of a stream there are up to CONNECTIONS_MAX senders
 * behind one epoll descriptor, which the feed polls as if it were a socket. What does not fit into
 * a connection's memory is cut there; what is unfinished when a sender goes is its last message.
 * What the kernel has dropped is told (udp).
 */
#include "source/syslog.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/feed.h"
#include "source/listen.h"
#include "source/syslog_line.h"

#define READ_BYTES      ((size_t)64 * 1024)
#define CONNECTIONS_MAX 64
#define LISTENER        CONNECTIONS_MAX

/* Of a line that was too long: all up to its end. */
#define SKIP_LINE SIZE_MAX

struct connection {
    int fd; /* -1: free */
    size_t len;
    size_t skip; /* what is still to come of a frame too long, whose beginning was taken */
    char *bytes;
};

struct syslog {
    struct feed feed;
    int listener; /* of a stream; -1: none */
    uint32_t drops;
    uint64_t count;
    struct connection connections[CONNECTIONS_MAX];
};

static void add(struct syslog *syslog, struct span bytes, bool truncated)
{
    struct syslog_line line = syslog_parse(bytes);

    if (line.text.len > 0) {
        feed_add(&syslog->feed, &(struct message){.text = line.text,
                                                  .offset = syslog->count++,
                                                  .log_wall_ns = clock_wall_ns(),
                                                  .kernel = line.kernel,
                                                  .truncated = truncated,
                                                  .host = line.host,
                                                  .unit = line.tag});
    }
}

static enum rc read_datagram(struct feed *feed, struct err *err)
{
    struct syslog *syslog = (struct syslog *)feed;
    size_t room;
    char *to = feed_room(feed, &room);
    struct datagram datagram = listen_receive(feed->fd, to, READ_BYTES);

    if (datagram.n < 0) {
        return errno == EAGAIN  ? RC_AGAIN
               : errno == EINTR ? RC_OK
                                : err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    if (datagram.fd >= 0) {
        (void)close(datagram.fd);
    }
    feed_use(feed, (size_t)datagram.n);
    if (datagram.drops != syslog->drops) {
        uint32_t n = datagram.drops - syslog->drops;
        syslog->drops = datagram.drops;
        feed->source.stats.lost_messages += n;
        feed_lost(feed, 0, 0, "%u datagrams came faster than they could be read", n);
    }
    add(syslog, span_of(to, (size_t)datagram.n), datagram.truncated);
    return RC_OK;
}

static void end_connection(struct connection *connection)
{
    if (connection->fd >= 0) {
        (void)close(connection->fd);
    }
    connection->fd = -1;
    connection->bytes = mem_free(connection->bytes);
    connection->len = 0;
}

static void accept_one(struct syslog *syslog)
{
    int fd = accept4(syslog->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    uint32_t i = 0;

    while (i < CONNECTIONS_MAX && syslog->connections[i].fd >= 0) {
        i++;
    }
    if (fd < 0) {
        return;
    }
    event.data.u32 = i;
    if (i < CONNECTIONS_MAX) {
        syslog->connections[i].bytes = mem_calloc(1, READ_BYTES);
    }
    if (i == CONNECTIONS_MAX || syslog->connections[i].bytes == NULL ||
        epoll_ctl(syslog->feed.fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        syslog->feed.source.stats.read_errors++;
        (void)close(fd);
        return;
    }
    syslog->connections[i].fd = fd;
    syslog->connections[i].skip = 0;
}

/* A copy in the batch, since the connection's memory is used again. */
static void add_copy(struct syslog *syslog, struct span bytes, bool truncated)
{
    size_t room;
    char *to = feed_room(&syslog->feed, &room);

    memcpy(to, bytes.ptr, bytes.len);
    feed_use(&syslog->feed, bytes.len);
    add(syslog, span_of(to, bytes.len), truncated);
}

/* What is left behind the bytes to be skipped. */
static struct span skip(struct connection *connection)
{
    struct span rest = span_of(connection->bytes, connection->len);

    if (connection->skip == SKIP_LINE) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        connection->skip = end == NULL ? SKIP_LINE : 0;
        return span_from(rest, end == NULL ? rest.len : (size_t)(end - rest.ptr) + 1);
    }
    if (connection->skip > 0) {
        size_t n = connection->skip < rest.len ? connection->skip : rest.len;
        connection->skip -= n;
        rest = span_from(rest, n);
    }
    return rest;
}

static void take_frames(struct syslog *syslog, struct connection *connection)
{
    struct span rest = skip(connection);
    struct span frame;
    size_t taken;

    while (syslog_take_frame(rest, &taken, &frame) == RC_OK) {
        add_copy(syslog, frame, false);
        rest = span_from(rest, taken);
    }
    if (rest.len == READ_BYTES) {
        const char *space = taken > 0 ? memchr(rest.ptr, ' ', rest.len) : NULL;
        connection->skip = taken > 0 ? taken - rest.len : SKIP_LINE;
        add_copy(syslog, span_from(rest, space == NULL ? 0 : (size_t)(space - rest.ptr) + 1), true);
        rest.len = 0;
    }
    memmove(connection->bytes, rest.ptr, rest.len);
    connection->len = rest.len;
}

static void read_connection(struct syslog *syslog, struct connection *connection)
{
    ssize_t n =
        read(connection->fd, connection->bytes + connection->len, READ_BYTES - connection->len);

    if (n > 0) {
        connection->len += (size_t)n;
        take_frames(syslog, connection);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        if (connection->len > 0) {
            add_copy(syslog, span_of(connection->bytes, connection->len), false);
        }
        end_connection(connection);
    }
}

static enum rc read_stream(struct feed *feed, struct err *err)
{
    struct syslog *syslog = (struct syslog *)feed;
    struct epoll_event event;
    int n = epoll_wait(feed->fd, &event, 1, 0);

    if (n < 0 && errno != EINTR) {
        return err_set(err, rc_from_errno(errno), "%s", strerror(errno));
    }
    if (n <= 0) {
        return n == 0 ? RC_AGAIN : RC_OK;
    }
    if (event.data.u32 == LISTENER) {
        accept_one(syslog);
    } else {
        read_connection(syslog, &syslog->connections[event.data.u32]);
    }
    return RC_OK;
}

static void syslog_shut(struct feed *feed)
{
    struct syslog *syslog = (struct syslog *)feed;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        end_connection(&syslog->connections[i]);
    }
    if (syslog->listener >= 0) {
        (void)close(syslog->listener);
    }
    syslog->listener = -1;
}

static enum rc open_datagram(struct feed *feed, int *ret_fd, struct err *err)
{
    ((struct syslog *)feed)->drops = 0;
    return listen_open(feed->origin.path.ptr, ret_fd, err);
}

static enum rc open_stream(struct feed *feed, int *ret_fd, struct err *err)
{
    struct syslog *syslog = (struct syslog *)feed;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = LISTENER};
    enum rc rc = listen_open(feed->origin.path.ptr, &syslog->listener, err);
    int fd;

    if (rc != RC_OK) {
        return rc;
    }
    fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, syslog->listener, &event) != 0) {
        rc = err_set(err, rc_from_errno(errno), "%s", strerror(errno));
        syslog_shut(feed);
        if (fd >= 0) {
            (void)close(fd);
        }
        return rc;
    }
    *ret_fd = fd;
    return RC_OK;
}

static const struct feed_kind datagrams = {READ_BYTES, open_datagram, read_datagram, syslog_shut};
static const struct feed_kind stream = {READ_BYTES, open_stream, read_stream, syslog_shut};

enum rc source_open_syslog(struct loop *loop, const struct syslog_opts *opts,
                           const struct source_ops *ops, void *ctx, struct source **ret_source,
                           struct err *err)
{
    struct syslog *syslog = mem_calloc(1, sizeof(*syslog));
    struct origin origin = {.type = SOURCE_SYSLOG, .path = span_str(opts->addr), .rank = RANK_NONE};
    enum rc rc;

    if (syslog == NULL) {
        return err_set(err, RC_NOMEM, "cannot read %s: out of memory", opts->addr);
    }
    syslog->listener = -1;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        syslog->connections[i].fd = -1;
    }
    rc = feed_open(&syslog->feed, listen_is_stream(opts->addr) ? &stream : &datagrams, loop,
                   &origin, ops, ctx, err);
    if (rc == RC_OK) {
        *ret_source = &syslog->feed.source;
    }
    return rc;
}
