/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_REPEAT_H
#define RIG_REPEAT_H

#include "paths.h"
#include "plan.h"
#include "session.h"

/*
 * Runs one cell TIMES times, side by side as far as the host goes, with results in O->out, as
 * cells NAME,
 * NAME@2, NAME@3, … of a plan repeat.ini there. SEEDS: each with a seed of its own, counted up from
 * the cell's. 0, -EINTR when a signal ended it, or as session_run; the signal mask stays.
 */
int repeat_cell(const struct session_options *o, const struct paths *paths, const struct plan *plan,
		const struct cell_spec *cell, unsigned int times, bool seeds, struct rig_error *e);

#endif
