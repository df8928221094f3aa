/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_HOST_H
#define RIG_HOST_H

#include <stdint.h>

/* Cores that this process may use. */
unsigned int host_cores(void);

/* MemAvailable in MiB; 0 when it cannot be read. */
uint64_t host_memory_mib(void);

/* MemTotal in MiB; 0 when it cannot be read. */
uint64_t host_total_mib(void);

#endif
