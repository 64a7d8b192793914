/* SPDX-License-Identifier: Apache-2.0 */
/* A KB entry without a fault, as text, to be spoiled in one place. */
#ifndef GPUERR_TESTS_SUPPORT_KB_TEXT_H
#define GPUERR_TESTS_SUPPORT_KB_TEXT_H

/*
 * Writes the entry to <dir>/<id>.json with one piece of its text replaced (find NULL: none). Its
 * regex is `flux capacitor (?<code>\d+) drained`, its two workarounds are "Charge it" and "Swap
 * it", its dead end is "Shake it", and it is tier source_confirmed, severity error. Ends the
 * process when the piece is not there.
 */
void kb_text_write(const char *dir, const char *id, const char *find, const char *replace);

#endif
