/* SPDX-License-Identifier: EUPL-1.2 */
/* Small things that every file uses. */
#ifndef DEZI_BASE_DEF_H
#define DEZI_BASE_DEF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Run f on the variable when it leaves scope: last declared, first cleaned. */
#define AUTO(f)		__attribute__((cleanup(f)))
#define MUST_CHECK	__attribute__((warn_unused_result))
#define PRINTF(a, b)	__attribute__((format(printf, a, b)))
#define UNUSED		__attribute__((unused))
#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

#endif
