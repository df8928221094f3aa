// SPDX-License-Identifier: GPL-2.0-only
/* zswap: module parameters, /proc/meminfo, and debugfs where that may be read. */
#include <errno.h>

#include "read.h"

/* debugfs is for root only and often not mounted: neither is a fault. */
static int read_debug(struct sysroot *root, const char *path, struct num *num)
{
	int err = read_num(root, path, num);

	return err == -EACCES || err == -EPERM ? 0 : err;
}

int read_zswap(struct sysroot *root, struct zswap *zswap)
{
	const struct key keys[] = {
		{ "MemTotal", &zswap->pool_max },
		{ "Zswap", &zswap->pool },
		{ "Zswapped", &zswap->data },
	};
	int err;

	*zswap = (struct zswap){ 0 };
	err = sysroot_exists(root, ZSWAP_PARAMS);
	if (err <= 0)
		return err;
	zswap->present = true;

	err = sysroot_read_bool(root, ZSWAP_PARAMS "/enabled", &zswap->enabled);
	if (err)
		return err;
	err = sysroot_read_line(root, ZSWAP_PARAMS "/compressor", zswap->compressor,
				sizeof(zswap->compressor));
	if (err && err != -ENOENT)
		return err;
	err = sysroot_read_bool(root, ZSWAP_PARAMS "/shrinker_enabled", &zswap->shrinker);
	if (err && err != -ENOENT)
		return err;
	zswap->shrinker_known = !err;
	err = read_num(root, ZSWAP_PARAMS "/max_pool_percent", &zswap->max_percent);
	if (!err)
		err = read_num(root, ZSWAP_PARAMS "/accept_threshold_percent",
			       &zswap->accept_percent);
	if (!err)
		err = read_keys(root, "/proc/meminfo", keys, sizeof(keys) / sizeof(keys[0]));
	if (!err)
		err = read_debug(root, ZSWAP_DEBUG "/pool_limit_hit", &zswap->limit_hit);
	if (!err)
		err = read_debug(root, ZSWAP_DEBUG "/written_back_pages", &zswap->written_back);
	if (err)
		return err;

	/* pool_max holds all of memory up to here. */
	zswap->pool_max.known &= zswap->max_percent.known;
	if (zswap->pool_max.known)
		zswap->pool_max.v = (unsigned __int128)zswap->pool_max.v *
				    zswap->max_percent.v / 100;
	return 0;
}
