/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the words: the first finds --config, since the file lies below the environment
 * and the command line; the second applies the options in order. getopt_long is not used, because
 * its messages go to stderr without a hint and its table would stand beside the one in
 * config/options.c.
 */
#include "cmd/args.h"

#include <unistd.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "config/options.h"

/* Options that are no settings: they have no key in the file and no variable. */
static const struct own_option {
    const char *name;
    const char *metavar;
    const char *help;
} own_options[] = {
    {"config", "FILE", "read settings from a YAML file (config/ has examples)"},
    {"line", "TEXT", "explain: say step by step why a line is (not) diagnosed"},
    {"help", NULL, "show this help"},
    {"version", NULL, "show version and knowledge base"},
};

#define OWN_COUNT (sizeof(own_options) / sizeof(own_options[0]))

/* One option as it was written: its name, and its value when that came with `=`. */
struct option {
    struct span name;
    const char *value;
};

static struct span nearest_option(struct span name)
{
    struct nearest nearest;

    nearest_init(&nearest, name);
    for (size_t i = 0; i < config_option_count; i++) {
        nearest_offer(&nearest, span_str(config_options[i].name));
    }
    for (size_t i = 0; i < OWN_COUNT; i++) {
        nearest_offer(&nearest, span_str(own_options[i].name));
    }
    return nearest.best;
}

static enum rc unknown_option(struct span name, struct err *err)
{
    struct span near = nearest_option(name);

    (void)err_set(err, RC_INVALID, "unknown option --%.*s", (int)name.len, name.ptr);
    if (near.ptr != NULL) {
        err_hint(err, "did you mean --%.*s?", (int)near.len, near.ptr);
    } else {
        err_hint(err, "gpuerr-agent --help lists them");
    }
    return RC_INVALID;
}

static struct option split_option(const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');

    return equals != NULL ? (struct option){span_of(name, (size_t)(equals - name)), equals + 1}
                          : (struct option){span_str(name), NULL};
}

static const struct own_option *find_own(struct span name)
{
    for (size_t i = 0; i < OWN_COUNT; i++) {
        if (span_eq_str(name, own_options[i].name)) {
            return &own_options[i];
        }
    }
    return NULL;
}

/* Takes the value from behind `=` or from the next word; a flag takes none. One in brackets is
 * optional and stands behind `=` only. */
static enum rc take_value(const struct option *option, const char *metavar, int argc, char **argv,
                          int *i, const char **ret_value, struct err *err)
{
    *ret_value = option->value;
    if (metavar == NULL) {
        return option->value == NULL ? RC_OK
                                     : err_set(err, RC_INVALID, "option --%.*s takes no value",
                                               (int)option->name.len, option->name.ptr);
    }
    if (metavar[0] == '[') {
        *ret_value = option->value != NULL ? option->value : CONFIG_DEFAULT_WORD;
    } else if (option->value == NULL && ++*i < argc) {
        *ret_value = argv[*i];
    }
    return *ret_value != NULL ? RC_OK
                              : err_set(err, RC_INVALID, "option --%.*s needs a value: %s",
                                        (int)option->name.len, option->name.ptr, metavar);
}

static void apply_own(struct args *args, const struct own_option *own, const char *value)
{
    if (strcmp(own->name, "config") == 0) {
        args->config_path = value;
    } else if (strcmp(own->name, "line") == 0) {
        args->line = value;
    } else if (strcmp(own->name, "help") == 0) {
        args->help = true;
    } else {
        args->version = true;
    }
}

/* What a pass does with settings and words; both passes read the same way. */
struct pass {
    struct args *args;
    bool apply; /* second pass */
};

static enum rc read_option(const struct pass *pass, int argc, char **argv, int *i, struct err *err)
{
    struct option option = split_option(argv[*i]);
    const struct own_option *own = find_own(option.name);
    const struct config_option *setting = NULL;
    const char *value;
    char name[64];
    enum rc rc;

    if (own == NULL && option.name.len < sizeof(name)) {
        memcpy(name, option.name.ptr, option.name.len);
        name[option.name.len] = '\0';
        setting = config_option_find(name);
    }
    if (own == NULL && setting == NULL) {
        return unknown_option(option.name, err);
    }
    rc = take_value(&option, own != NULL ? own->metavar : setting->metavar, argc, argv, i, &value,
                    err);
    if (rc != RC_OK) {
        return rc;
    }
    if (own != NULL) {
        apply_own(pass->args, own, value);
        return RC_OK;
    }
    return pass->apply ? config_apply_option(pass->args->builder, setting->name, value, err)
                       : RC_OK;
}

static enum rc run_pass(const struct pass *pass, int argc, char **argv, struct err *err)
{
    bool options_ended = false;

    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strcmp(word, "-h") == 0) {
            pass->args->help = true;
        } else if (!options_ended && word[0] == '-' && word[1] == '-') {
            enum rc rc = read_option(pass, argc, argv, &i, err);
            if (rc != RC_OK) {
                return rc;
            }
        } else if (!options_ended && word[0] == '-' && word[1] != '\0') {
            (void)err_set(err, RC_INVALID, "unknown option %s", word);
            err_hint(err, "options are written in full: gpuerr-agent --help");
            return RC_INVALID;
        } else if (pass->apply) {
            pass->args->words[pass->args->n_words++] = word;
        }
    }
    return RC_OK;
}

enum rc args_parse(struct args *args, int argc, char **argv, struct err *err)
{
    enum rc rc;

    *args = (struct args){0};
    args->words = mem_calloc((size_t)argc + 1, sizeof(*args->words));
    if (args->words == NULL || config_builder_new(&args->builder) != RC_OK) {
        return err_set(err, RC_NOMEM, "out of memory");
    }
    rc = run_pass(&(struct pass){args, false}, argc, argv, err);
    if (rc != RC_OK || args->help || args->version) {
        return rc;
    }
    if (args->config_path != NULL) {
        rc = config_apply_file(args->builder, args->config_path, err);
    }
    if (rc == RC_OK) {
        rc = config_apply_env(args->builder, environ, err);
    }
    if (rc == RC_OK) {
        rc = run_pass(&(struct pass){args, true}, argc, argv, err);
    }
    if (rc == RC_OK) {
        rc = config_add_env_labels(args->builder, environ, err);
    }
    return rc == RC_OK ? config_finish(args->builder, &args->config, err) : rc;
}

void args_fini(struct args *args)
{
    config_builder_free(args->builder);
    mem_free(args->words);
    *args = (struct args){0};
}

static void print_option(struct buf *out, const char *name, const char *metavar, const char *help)
{
    size_t start = out->len;

    const char *join = metavar == NULL ? "" : metavar[0] == '[' ? "" : " ";

    buf_printf(out, "  --%s%s%s", name, join, metavar != NULL ? metavar : "");
    while (out->len < start + 30 && buf_rc(out) == RC_OK) {
        buf_add_char(out, ' ');
    }
    buf_printf(out, " %s\n", help);
}

void args_print_options(struct buf *out)
{
    const char *group = "";

    for (size_t i = 0; i < config_option_count; i++) {
        const struct config_option *option = &config_options[i];
        if (strcmp(option->group, group) != 0) {
            group = option->group;
            buf_printf(out, "%s:\n", group);
        }
        print_option(out, option->name, option->metavar, option->help);
    }
    for (size_t i = 0; i < OWN_COUNT; i++) {
        print_option(out, own_options[i].name, own_options[i].metavar, own_options[i].help);
    }
}
