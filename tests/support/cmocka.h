/* SPDX-License-Identifier: Apache-2.0 */
/* CMocka wants these headers before its own; one include for all tests. */
#ifndef GPUERR_TESTS_SUPPORT_CMOCKA_H
#define GPUERR_TESTS_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
