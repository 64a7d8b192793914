/* SPDX-License-Identifier: Apache-2.0 */
/* See output.h. */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"

static bool wants_color(const struct config *config, int fd)
{
    const char *no_color = getenv("NO_COLOR");

    if (no_color != NULL && no_color[0] != '\0') {
        return false;
    }
    return config->color == CONFIG_COLOR_ALWAYS ||
           (config->color == CONFIG_COLOR_AUTO && isatty(fd) == 1);
}

static size_t terminal_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 40) {
        return 0; /* format_text's own default */
    }
    return size.ws_col < 120 ? size.ws_col : 120;
}

static struct format_opts format_opts_for(const struct config *config, int fd)
{
    return (struct format_opts){
        .chinese = config->lang == CONFIG_LANG_ZH,
        .color = wants_color(config, fd),
        .width = terminal_width(fd),
    };
}

struct format_opts output_text_opts(const struct config *config)
{
    return format_opts_for(config, STDOUT_FILENO);
}

/* A line that an agent was killed in the middle of must not swallow our first one. */
static void end_torn_line(const char *path, int fd, off_t size)
{
    int in = size > 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    char last = '\n';

    if (in >= 0 && pread(in, &last, 1, size - 1) == 1 && last != '\n' && write(fd, "\n", 1) != 1) {
        log_warning("the output ends in the middle of a line: %s", strerror(errno));
    }
    if (in >= 0) {
        (void)close(in); /* only read from */
    }
}

static enum rc open_file(const char *path, int *ret_fd, struct err *err)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

    if (fd < 0) {
        int err_no = errno;
        (void)err_set(err, rc_from_errno(err_no), "cannot be written: %s", strerror(err_no));
        err_file(err, path);
        if (err_no == ELOOP) {
            err_hint(err, "it is a link, and the output follows none");
        }
        return err->rc;
    }
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        (void)close(fd);
        (void)err_set(err, RC_INVALID, "cannot be written");
        err_file(err, path);
        return RC_INVALID;
    }
    if (S_ISREG(st.st_mode)) {
        end_torn_line(path, fd, st.st_size);
    }
    *ret_fd = fd;
    return RC_OK;
}

static enum rc copy_labels(const struct config *config, struct output *output)
{
    if (config->n_labels == 0) {
        return RC_OK;
    }
    output->labels = mem_calloc(config->n_labels, sizeof(*output->labels));
    if (output->labels == NULL) {
        return RC_NOMEM;
    }
    for (size_t i = 0; i < config->n_labels; i++) {
        output->labels[i] =
            (struct label){span_str(config->labels[i].key), span_str(config->labels[i].value)};
    }
    output->to.format_opts.labels = output->labels;
    output->to.format_opts.n_labels = config->n_labels;
    return RC_OK;
}

enum rc output_open(const struct config *config, int fd, struct output *ret_output, struct err *err)
{
    struct output output = {.to = {.fd = fd}};
    bool text = config->format == CONFIG_FORMAT_TEXT;
    enum rc rc = RC_OK;

    if (config->output_path != NULL) {
        rc = open_file(config->output_path, &output.to.fd, err);
        output.owns_fd = rc == RC_OK;
    }
    if (rc != RC_OK) {
        return rc;
    }
    if (config->format == CONFIG_FORMAT_AUTO) {
        text = isatty(output.to.fd) == 1 || output.to.fd == STDERR_FILENO;
    }
    output.to.format = text ? format_text : format_json;
    output.to.format_opts = format_opts_for(config, output.to.fd);
    if (gethostname(output.host, sizeof(output.host) - 1) != 0) {
        output.host[0] = '\0'; /* an event without a host says so by null */
    }
    if (copy_labels(config, &output) != RC_OK) {
        output_close(&output);
        return err_set(err, RC_NOMEM, "out of memory");
    }
    *ret_output = output;
    return RC_OK;
}

void output_close(struct output *output)
{
    if (output->owns_fd) {
        (void)close(output->to.fd); /* the sink has reported failing writes */
    }
    mem_free(output->labels);
    *output = (struct output){0};
}

bool output_print(const struct buf *out)
{
    struct span rest = buf_span(out);

    while (rest.len > 0) {
        ssize_t n = write(STDOUT_FILENO, rest.ptr, rest.len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        rest = span_from(rest, n > 0 ? (size_t)n : 0);
    }
    return true;
}
