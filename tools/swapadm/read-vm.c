// SPDX-License-Identifier: GPL-2.0-only
/* /proc/vmstat, /proc/meminfo and sysctls. */
#include <errno.h>
#include <string.h>

#include "read.h"
#include "size.h"

int read_keys(struct sysroot *root, const char *path, const struct key *keys, size_t n)
{
	struct strbuf text = STRBUF_INIT;
	int err;

	err = sysroot_read(root, path, &text);
	for (size_t i = 0; i < n && !err; i++) {
		err = keyed_u64(strbuf_str(&text), keys[i].name, &keys[i].num->v);
		keys[i].num->known = !err;
		if (err == -ENOENT)
			err = 0;
		if (err)
			sysroot_path(root, path, root->failed, sizeof(root->failed));
	}
	strbuf_release(&text);
	return err;
}

int read_counters(struct sysroot *root, struct counters *c)
{
	const struct key keys[] = {
		{ "zswpin", &c->zswap_in },
		{ "zswpout", &c->zswap_out },
		{ "zswpwb", &c->zswap_writeback },
		{ "swpin_zero", &c->zero_in },
		{ "swpout_zero", &c->zero_out },
		{ "pswpin", &c->phys_in },
		{ "pswpout", &c->phys_out },
		{ "ghost_cluster_alloc", &c->cluster_alloc },
		{ "ghost_cluster_free", &c->cluster_free },
		{ "ghost_reserve_miss", &c->reserve_miss },
		{ "ghost_swpout_reject", &c->rejected },
		{ "swap_write_error", &c->write_error },
		{ "swap_read_error", &c->read_error },
		{ "swap_slot_retired", &c->retired },
	};

	*c = (struct counters){ 0 };
	return read_keys(root, "/proc/vmstat", keys, sizeof(keys) / sizeof(keys[0]));
}

static int read_uptime(struct sysroot *root, struct num *uptime)
{
	char text[64];
	int err;

	err = sysroot_read_line(root, "/proc/uptime", text, sizeof(text));
	if (err)
		return err == -ENOENT ? 0 : err;
	text[strcspn(text, ". ")] = '\0';
	err = parse_u64(text, &uptime->v);
	if (err) {
		sysroot_path(root, "/proc/uptime", root->failed, sizeof(root->failed));
		return err == -EINVAL ? -EBADMSG : err;
	}
	uptime->known = true;
	return 0;
}

int read_vm(struct sysroot *root, struct vm *vm)
{
	const struct key keys[] = { { "MemTotal", &vm->mem_total } };
	char resume[64];
	int err;

	*vm = (struct vm){ 0 };
	err = read_keys(root, "/proc/meminfo", keys, 1);
	if (!err)
		err = read_num(root, "/proc/sys/vm/swappiness", &vm->swappiness);
	if (!err)
		err = read_num(root, "/proc/sys/vm/ghostswap_in_meminfo", &vm->ghost_in_meminfo);
	if (!err)
		err = read_uptime(root, &vm->uptime);
	if (err)
		return err;
	err = sysroot_read_line(root, "/sys/power/resume", resume, sizeof(resume));
	if (err)
		return err == -ENOENT ? 0 : err;
	vm->resume = *resume && strcmp(resume, "0:0");
	return 0;
}
