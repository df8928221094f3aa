// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fleet-options.h"
#include "plan.h"
#include "size.h"

struct fleet_options *fleet_options_new(void)
{
	struct fleet_options *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->attempts = 3;
	o->patience = 600;
	o->hold = 3600;
	o->dead_after = 60;
	o->store = 8ull << 30;
	o->scratch_free = 256ull << 20;
	o->scratch = strdup("/var/tmp/rig-fleet");
	o->transfer = strdup("engine");
	if (!o->scratch || !o->transfer) {
		fleet_options_free(o);
		return NULL;
	}
	return o;
}

void fleet_options_free(struct fleet_options *o)
{
	if (!o)
		return;
	free(o->scratch);
	free(o->transfer);
	free(o->rig);
	free(o->qemu);
	while (o->nsbatch)
		free(o->sbatch[--o->nsbatch]);
	free(o);
}

static int set_text(char **to, const char *value, struct rig_error *e)
{
	char *copy = strdup(value);

	if (!copy)
		return rig_fail(e, -ENOMEM, "out of memory");
	free(*to);
	*to = copy;
	return 0;
}

static int set_number(unsigned int *to, const char *key, const char *value, unsigned int min,
		      unsigned int max, struct rig_error *e)
{
	uint64_t v;

	if (parse_u64(value, &v) || v < min || v > max)
		return rig_fail(e, -EINVAL, "%s: not a number from %u to %u: %s", key, min, max,
				value);
	*to = v;
	return 0;
}

static int set_size(uint64_t *to, const char *key, const char *value, struct rig_error *e)
{
	if (parse_size(value, to) || !*to)
		return rig_fail(e, -EINVAL, "%s: not a size: %s", key, value);
	return 0;
}

/* What goes into a job script must need no quotes there. */
static int set_path(char **to, const char *key, const char *value, struct rig_error *e)
{
	const char *at;

	if (value[0] != '/')
		return rig_fail(e, -EINVAL, "%s: not an absolute path: %s", key, value);
	for (at = value; (at = strchr(at, '%')); at++)
		if (at[1] != 'n')
			return rig_fail(e, -EINVAL, "%s: only %%n after a %%: %s", key, value);
	if (strpbrk(value, " \t'\"\\$`&;|<>(){}*?[]#~,"))
		return rig_fail(e, -EINVAL, "%s: only plain characters in a path: %s", key, value);
	return set_text(to, value, e);
}

/* The rig decides these, and two answers would be one too many. */
static int set_sbatch(struct fleet_options *o, const char *value, struct rig_error *e)
{
	static const char * const ours[] = { "--array",	 "--job-name", "--wrap",   "--output",
					     "--error",	 "--input",    "--time",   "--requeue",
					     "--nodes",	 "--ntasks",   "--parsable", "--open-mode",
					     "--no-requeue", "--wait" };
	char *copy = strdup(value), *save = NULL, *word;
	size_t i;
	int r = copy ? 0 : rig_fail(e, -ENOMEM, "out of memory");

	for (word = copy ? strtok_r(copy, " \t", &save) : NULL; !r && word;
	     word = strtok_r(NULL, " \t", &save)) {
		if (strncmp(word, "--", 2))
			r = rig_fail(e, -EINVAL, "sbatch: long options only, with = before a value: %s",
				     word);
		for (i = 0; !r && i < sizeof(ours) / sizeof(ours[0]); i++)
			if (!strncmp(word, ours[i], strcspn(word, "=")) && word[2] &&
			    strlen(ours[i]) == strcspn(word, "="))
				r = rig_fail(e, -EINVAL, "sbatch: %s is set by rig", ours[i]);
		if (!r && o->nsbatch == FLEET_SBATCH_MAX)
			r = rig_fail(e, -EINVAL, "sbatch: more than %d options", FLEET_SBATCH_MAX);
		if (!r) {
			o->sbatch[o->nsbatch] = strdup(word);
			if (o->sbatch[o->nsbatch])
				o->nsbatch++;
			else
				r = rig_fail(e, -ENOMEM, "out of memory");
		}
	}
	free(copy);
	return r;
}

/* sbatch, sbatch1, sbatch2: as many lines as it takes. */
static bool is_sbatch(const char *key)
{
	if (strncmp(key, "sbatch", 6))
		return false;
	for (key += 6; *key; key++)
		if (!isdigit((unsigned char)*key))
			return false;
	return true;
}

int fleet_option_set(struct fleet_options *o, const char *key, const char *value,
		     struct rig_error *e)
{
	if (!strcmp(key, "attempts"))
		return set_number(&o->attempts, key, value, 1, 100, e);
	if (!strcmp(key, "patience"))
		return set_number(&o->patience, key, value, 1, 30 * 86400, e);
	if (!strcmp(key, "hold"))
		return set_number(&o->hold, key, value, 1, 30 * 86400, e);
	if (!strcmp(key, "dead_after"))
		return set_number(&o->dead_after, key, value, 1, 86400, e);
	if (!strcmp(key, "store"))
		return set_size(&o->store, key, value, e);
	if (!strcmp(key, "scratch_free"))
		return set_size(&o->scratch_free, key, value, e);
	if (!strcmp(key, "scratch"))
		return set_path(&o->scratch, key, value, e);
	if (!strcmp(key, "rig"))
		return set_path(&o->rig, key, value, e);
	if (!strcmp(key, "qemu"))
		return set_path(&o->qemu, key, value, e);
	if (is_sbatch(key))
		return set_sbatch(o, value, e);
	if (!strcmp(key, "transfer")) {
		if (strcmp(value, "engine") && (strncmp(value, "rsync:", 6) || !value[6]))
			return rig_fail(e, -EINVAL, "transfer: neither engine nor rsync:TARGET: %s",
					value);
		if (value[6] == '-')
			return rig_fail(e, -EINVAL, "transfer: a target, not an option: %s", value);
		return set_text(&o->transfer, value, e);
	}
	return rig_fail(e, -EINVAL, "unknown key: %s", key);
}

int fleet_options_write(FILE *f, const struct fleet_options *o)
{
	size_t i;

	fprintf(f, "[fleet]\nattempts = %u\npatience = %u\nhold = %u\ndead_after = %u\n", o->attempts,
		o->patience, o->hold, o->dead_after);
	fprintf(f, "store = %" PRIu64 "\nscratch_free = %" PRIu64 "\n", o->store, o->scratch_free);
	fprintf(f, "scratch = %s\ntransfer = %s\n", o->scratch, o->transfer);
	if (o->rig)
		fprintf(f, "rig = %s\n", o->rig);
	if (o->qemu)
		fprintf(f, "qemu = %s\n", o->qemu);
	/* A line has room for some of them only. */
	for (i = 0; i < o->nsbatch; i++)
		fprintf(f, "sbatch%zu = %s\n", i, o->sbatch[i]);
	return ferror(f) ? -EIO : 0;
}

const char *fleet_options_rsync(const struct fleet_options *o)
{
	return strncmp(o->transfer, "rsync:", 6) ? NULL : o->transfer + 6;
}
