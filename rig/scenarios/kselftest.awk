# What run_kselftest.sh says about one test, as nested KTAP: each "# " in front of a result is a level. A failure with failures below
# it is known (TODO) when all of those are and it was not killed; every other one is when the file KNOWN has its name (up to a tab).
# Variables: test, its COLLECTION:TEST; nr, results before it; known, file; state, file that gets "RESULTS FAILURES" of the top level.
BEGIN {
	while ((getline line <known) > 0) { sub(/\t.*/, "", line); is_known[line] = 1 }
	print "# Subtest: " test
}
{
	level = 0
	line = $0
	while (sub(/^# /, "", line)) level++
	if (line !~ /^(not )?ok [0-9]/) { if (line !~ /^(1\.\.|TAP version|KTAP version|#? ?Totals:)/) print "# " line; next }
	bad = line ~ /^not /
	sub(/^(not )?ok [0-9]+ *(- )?/, "", line)
	if (level == 0) sub(/^selftests: [^#]*/, "", line)
	note = ""
	if (i = index(line, "#")) { note = substr(line, i + 1); line = substr(line, 1, i - 1) }
	sub(/[ \t]+$/, "", line); sub(/^ +/, "", note)
	name = level == 0 ? test : test ": " line
	if (bad && note !~ /^(TODO|XFAIL)/) {
		if (fresh[level + 1]) fresh[level]++
		else if ((old[level + 1] && note !~ /^exit=(12[4-9]|1[3-9][0-9]|2[0-9][0-9])|^TIMEOUT/) || name in is_known) { old[level]++; note = "TODO known on the base kernel: " note }
		else fresh[level]++
	}
	fresh[level + 1] = old[level + 1] = 0
	count[level]++
	if (level == 0) { top++; failed += bad && note !~ /^(TODO|XFAIL)/ }
	printf "%*s%sok %d %s%s\n", 4 * level, "", bad ? "not " : "", level ? count[level] : nr + top, name, note == "" ? "" : " # " note
}
END { print top + 0, failed + 0 >state }
