# What each tier holds over time as an SVG, from the channel log of the scenario demotion-latency: lines "bytes PART MS
# ZSWAP FAST SLOW", in KiB. Where a part begins there is a line with its name.
function x(ms) { return left + ms / last * width }
function y(kib) { return top + height - kib / most * height }
function series(values, colour, label,   i, points) {
	for (i = 1; i <= n; i++)
		points = points sprintf("%.1f,%.1f ", x(ms[i]), y(values[i]))
	printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", points, colour
	printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n", x(ms[n]) + 8, y(values[n]) + 4, colour, label
}
{
	for (f = 1; f <= NF && $f != "bytes"; f++);
	if (NF != f + 5)
		next
	n++
	part[n] = $(f + 1); ms[n] = $(f + 2); zswap[n] = $(f + 3); fast[n] = $(f + 4); slow[n] = $(f + 5)
	for (i = 3; i <= 5; i++)
		if ($(f + i) > high) high = $(f + i)
}
END {
	if (n < 2) {
		print "tiers-plot: no lines of bytes" > "/dev/stderr"
		exit 1
	}
	left = 60; top = 40; width = 520; height = 260; last = ms[n]
	for (most = 8192; most < high; most += 8192);
	names["fill"] = "filled"; names["off"] = "demotion off"; names["sink"] = "watermarks set"; names["on"] = "demotion on"
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", left + width + 90, top + height + 60
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	printf "<text x=\"%d\" y=\"16\">what each tier holds, MiB (zswap: of compressed data)</text>\n", left
	for (kib = 0; kib <= most; kib += 16384) {
		printf "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#cccccc\"/>\n", left, y(kib), left + width, y(kib)
		printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", left - 8, y(kib) + 4, kib / 1024
	}
	for (s = 0; s * 1000 <= last; s += 2)
		printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x(s * 1000), top + height + 18, s
	printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">seconds of guest time</text>\n", left + width / 2, top + height + 40
	for (i = 1; i <= n; i++)
		if (part[i] != part[i - 1]) {
			printf "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#999999\" stroke-dasharray=\"4\"/>\n", x(ms[i]), top, x(ms[i]), top + height
			printf "<text x=\"%.1f\" y=\"%d\" fill=\"#666666\">%s</text>\n", x(ms[i]) + 3, top - 6, names[part[i]]
		}
	series(zswap, "#4477aa", "zswap")
	series(fast, "#228833", "fast disk")
	series(slow, "#ee6677", "slow disk")
	print "</svg>"
}
