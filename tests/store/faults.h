/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SQLite's own layer over files, made to fail when a test says so.
 */
#pragma once

/*! How many more times the call succeeds; negative: always. */
struct store_faults {
	int wal_syncs_left;
	int main_syncs_left;
};

/*! Become SQLite's default layer until store_faults_end(). */
void store_faults_begin(void);
void store_faults_set(struct store_faults faults);
void store_faults_end(void);
