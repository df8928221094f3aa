// SPDX-License-Identifier: GPL-2.0
#include "fleet.h"
const struct fleet_engine fleet_slurm = { .name = "slurm" };
