/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for any input. */
#define must(x) ((x) ? (void)0 : abort())

#endif
