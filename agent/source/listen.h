/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that others send to. */
#ifndef GPUERR_SOURCE_LISTEN_H
#define GPUERR_SOURCE_LISTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Binds addr: a path (a datagram socket that everybody may write to; one that is left over is
 * replaced, what is no socket is not), `udp:HOST:PORT` or `tcp:HOST:PORT` (HOST numeric, [] around
 * v6; a tcp socket listens). The descriptor does not block.
 */
enum rc listen_open(const char *addr, int *ret_fd, struct err *err) GPUERR_MUSTCHECK;

/* True for `tcp:`. */
bool listen_is_stream(const char *addr);

struct datagram {
    ssize_t n;      /* as recvmsg */
    bool truncated; /* it was longer */
    int fd;         /* that was passed with it, the caller's; -1: none */
    uint32_t drops; /* that the kernel has counted for this socket up to it; of udp only */
};

struct datagram listen_receive(int fd, char *to, size_t room);

#endif
