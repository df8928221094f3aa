# The time of swapoff by number of processes as an SVG. Lines of input: PROCESSES BASE RELEASE, in milliseconds. Both
# axes are logarithmic: a cost that grows with the processes is a slope, one that does not is flat.
function x(procs) { return left + log(procs) / log(last) * width }
function y(ms) { return top + height - (log(ms) - log(low)) / (log(high) - log(low)) * height }
function series(values, colour, label,   i, points) {
	for (i = 1; i <= n; i++) {
		points = points sprintf("%.1f,%.1f ", x(procs[i]), y(values[i]))
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", x(procs[i]), y(values[i]), colour
		printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n", x(procs[i]), y(values[i]) - 9, values[i]
	}
	printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", points, colour
	printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n", x(procs[n]) + 12, y(values[n]) + 4, colour, label
}
NF != 3 || $2 <= 0 || $3 <= 0 {
	print "swapoff-plot: wrong line: " $0 > "/dev/stderr"
	failed = 1
	exit 1
}
{ n++; procs[n] = $1; base[n] = $2; release[n] = $3 }
END {
	if (failed || !n)
		exit 1
	left = 70; top = 40; width = 420; height = 260; last = procs[n]
	low = high = base[1]
	for (i = 1; i <= n; i++) {
		if (base[i] > high) high = base[i]
		if (release[i] > high) high = release[i]
		if (base[i] < low) low = base[i]
		if (release[i] < low) low = release[i]
	}
	for (decade = 1; decade * 10 <= low; decade *= 10);
	low = decade
	for (decade = 1; decade < high; decade *= 10);
	high = decade
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", left + width + 110, top + height + 60
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	printf "<text x=\"%d\" y=\"20\">swapoff of 256 MiB on a disk of 1 ms, milliseconds</text>\n", left
	for (decade = low; decade <= high; decade *= 10) {
		printf "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#cccccc\"/>\n", left, y(decade), left + width, y(decade)
		printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n", left - 8, y(decade) + 4, decade
	}
	for (i = 1; i <= n; i++)
		printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x(procs[i]), top + height + 20, procs[i]
	printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">processes</text>\n", left + width / 2, top + height + 42
	series(base, "#ee6677", "base")
	series(release, "#4477aa", "release")
	print "</svg>"
}
