/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GHOSTSWAP_SHA256_H
#define GHOSTSWAP_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE	(2 * SHA256_SIZE + 1)

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

/* Ends the hash and writes it as 64 lower case hex digits. */
void sha256_final_hex(struct sha256 *s, char hex[SHA256_HEX_SIZE]);

/* Hash of LEN bytes at DATA in hex. */
void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX_SIZE]);

/* Hash of what FD holds from offset 0 to its end; the file offset stays. 0 or -errno. */
int sha256_fd_hex(int fd, char hex[SHA256_HEX_SIZE]);

/* Hash of the file at PATH. 0 or -errno. */
int sha256_file_hex(const char *path, char hex[SHA256_HEX_SIZE]);

#endif
