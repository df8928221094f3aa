/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_REPORT_H
#define RIG_REPORT_H

#include "cell.h"
#include "result.h"

/* What a person sees on the terminal during a run and at its end. */
void report_begin(const struct run *run, size_t cells);
void report_started(const struct cell *cell);
void report_done(const struct cell *cell);
void report_running(struct cell *const *cells, size_t n);
/* The table and, as the last line alone, the totals. */
void report_end(const struct run *run, struct cell *const *cells, size_t n,
		const struct result_totals *t);

/* The cells of a plan, one a line. */
void report_list(const struct plan *plan, struct cell_spec *const *cells, size_t n);

#endif
