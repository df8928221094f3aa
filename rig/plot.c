// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "plot.h"

#define RATIO_LEFT	290.0	/* of the scale: labels stand before it */
#define RATIO_WIDTH	420.0
#define RATIO_RIGHT	110.0	/* for the change in words */
#define RATIO_LINE	20.0
#define RATIO_TOP	26.0
#define RATIO_LIMIT	8.0	/* a ratio beyond it is drawn at the edge */

#define TREND_WIDTH	320.0
#define TREND_HEIGHT	120.0
#define TREND_LEFT	58.0
#define TREND_TOP	10.0
#define TREND_BOTTOM	22.0
#define LABEL_MAX	42
#define LINES_MAX	4	/* styles in the sheet */

char *plot_number(double v, char *buf)
{
	static const struct {
		double at;
		const char *suffix;
	} steps[] = { { 1e12, "T" }, { 1e9, "G" }, { 1e6, "M" }, { 1e4, "k" } };
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (fabs(v) >= steps[i].at)
			break;
	if (fabs(v) >= 1e15 || i == sizeof(steps) / sizeof(steps[0]))
		snprintf(buf, 24, "%.4g", v);
	else
		snprintf(buf, 24, "%.4g%s", v / (i == 3 ? 1e3 : steps[i].at), steps[i].suffix);
	return buf;
}

static double clamp(double v, double low, double high)
{
	return v < low ? low : v > high ? high : v;
}

/* The scale is logarithmic: a half is as far from one as the double. */
static double ratio_x(double ratio, double limit)
{
	double r = ratio > 0 ? log(ratio) / log(limit) : -1;

	return RATIO_LEFT + RATIO_WIDTH * (clamp(r, -1, 1) + 1) / 2;
}

static double ratio_limit(const struct plot_ratio *v, size_t n)
{
	double limit = 1.02;
	size_t i;

	for (i = 0; i < n; i++) {
		double most =
			fmax(v[i].other.max / v[i].base.median, v[i].base.max / v[i].base.median);
		double least =
			fmin(v[i].other.min / v[i].base.median, v[i].base.min / v[i].base.median);

		limit = fmax(limit, most);
		if (least > 0)
			limit = fmax(limit, 1 / least);
		else
			limit = RATIO_LIMIT;
	}
	return fmin(limit * 1.01, RATIO_LIMIT);
}

static void label(FILE *f, const char *s)
{
	size_t n = strlen(s);

	if (n <= LABEL_MAX) {
		html_text(f, s);
	} else {
		html_text(f, "…");
		html_text(f, s + n - LABEL_MAX);
	}
}

static void ratio_line(FILE *f, const struct plot_ratio *v, double y, double limit)
{
	double m = v->base.median, ratio = v->other.median / m;
	bool beyond = spread_beyond(&v->base, &v->other);
	double b0 = ratio_x(v->base.min / m, limit), b1 = ratio_x(v->base.max / m, limit);
	char a[24], b[24];

	fprintf(f, "<g class=\"%s\"><title>", beyond ? "beyond" : "within");
	html_text(f, v->label);
	html_textf(f, ": base %s (%zu), here %s (%zu) %s", plot_number(m, a), v->base.n,
		   plot_number(v->other.median, b), v->other.n, v->unit);
	fprintf(f, "</title><text x=\"%.0f\" y=\"%.1f\" class=\"end\">", RATIO_LEFT - 10, y + 4);
	label(f, v->label);
	fprintf(f,
		"</text><rect class=\"band\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\"/>",
		b0, y - 6, fmax(b1 - b0, 1));
	fprintf(f, "<line class=\"whisker\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
		ratio_x(v->other.min / m, limit), ratio_x(v->other.max / m, limit), y, y);
	fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", ratio_x(ratio, limit), y);
	fprintf(f, "<text x=\"%.0f\" y=\"%.1f\">%+.2f %%</text></g>\n",
		RATIO_LEFT + RATIO_WIDTH + 12, y + 4, (ratio - 1) * 100);
}

void plot_ratios(FILE *f, const char *title, const struct plot_ratio *v, size_t n)
{
	double limit = ratio_limit(v, n), bottom = RATIO_TOP + n * RATIO_LINE, x;
	size_t i;
	int k;

	fprintf(f,
		"<svg class=\"ratios\" role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\"><title>",
		RATIO_LEFT + RATIO_WIDTH + RATIO_RIGHT, bottom + 8,
		RATIO_LEFT + RATIO_WIDTH + RATIO_RIGHT);
	html_text(f, title);
	fputs("</title>\n", f);
	for (k = -1; k <= 1; k++) {
		x = RATIO_LEFT + RATIO_WIDTH * (k + 1) / 2;
		fprintf(f, "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" y2=\"%.1f\"/>",
			k ? "grid" : "one", x, x, RATIO_TOP - 8, bottom);
		if (k)
			fprintf(f, "<text class=\"mid\" x=\"%.1f\" y=\"12\">× %.3g</text>", x,
				k < 0 ? 1 / limit : limit);
		else
			fprintf(f, "<text class=\"mid\" x=\"%.1f\" y=\"12\">base</text>", x);
	}
	for (i = 0; i < n; i++)
		ratio_line(f, &v[i], RATIO_TOP + (i + 0.5) * RATIO_LINE, limit);
	fputs("</svg>\n", f);
}

struct trend_scale {
	double low, high;
	size_t runs;
};

static double trend_x(const struct trend_scale *s, size_t run)
{
	double width = TREND_WIDTH - TREND_LEFT - 12;

	return TREND_LEFT + (s->runs > 1 ? width * run / (s->runs - 1) : width / 2);
}

static double trend_y(const struct trend_scale *s, double v)
{
	double height = TREND_HEIGHT - TREND_TOP - TREND_BOTTOM;

	return TREND_TOP + height * (1 - (v - s->low) / (s->high - s->low));
}

static void trend_line(FILE *f, const struct trend_scale *s, const struct plot_line *l, size_t nr)
{
	char a[24], b[24], c[24];
	size_t i;

	fprintf(f, "<g class=\"s%zu\"><polyline points=\"", nr % LINES_MAX);
	for (i = 0; i < l->n; i++)
		fprintf(f, "%s%.1f,%.1f", i ? " " : "", trend_x(s, l->point[i].x),
			trend_y(s, l->point[i].y.median));
	fputs("\"/>", f);
	for (i = 0; i < l->n; i++) {
		const struct plot_point *p = &l->point[i];
		double x = trend_x(s, p->x);

		if (p->y.n > 1)
			fprintf(f, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x, x,
				trend_y(s, p->y.min), trend_y(s, p->y.max));
		fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>", x,
			trend_y(s, p->y.median));
		html_textf(f, "%s, %s: %s", l->label, p->when, plot_number(p->y.median, a));
		if (p->y.n > 1)
			html_textf(f, " (%s to %s, %zu values)", plot_number(p->y.min, b),
				   plot_number(p->y.max, c), p->y.n);
		fputs("</title></circle>", f);
	}
	fputs("</g>\n", f);
}

void plot_trend(FILE *f, const char *title, const char *unit, const struct plot_line *line,
		size_t n, size_t runs)
{
	struct trend_scale s = { .low = INFINITY, .high = -INFINITY, .runs = runs };
	double pad, y;
	size_t i, k;
	char text[24];

	for (i = 0; i < n; i++)
		for (k = 0; k < line[i].n; k++) {
			s.low = fmin(s.low, line[i].point[k].y.min);
			s.high = fmax(s.high, line[i].point[k].y.max);
		}
	pad = (s.high - s.low) * 0.08;
	if (!(pad > 0))
		pad = fmax(fabs(s.high) * 0.05, 1e-9);
	/* No room below nothing where nothing is below it. */
	s.low = s.low >= 0 && s.low < pad ? 0 : s.low - pad;
	s.high += pad;

	fputs("<figure class=\"trend\"><figcaption>", f);
	html_text(f, title);
	if (unit[0]) {
		fputs(" <span class=\"dim\">", f);
		html_text(f, unit);
		fputs("</span>", f);
	}
	fprintf(f,
		"</figcaption><svg role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\"><title>",
		TREND_WIDTH, TREND_HEIGHT, TREND_WIDTH);
	html_text(f, title);
	fputs("</title>\n", f);
	for (i = 0; i < 3; i++) {
		double v = s.low + (s.high - s.low) * i / 2;

		y = trend_y(&s, v);
		fprintf(f, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>",
			TREND_LEFT - 4, TREND_WIDTH, y, y);
		fprintf(f, "<text class=\"end\" x=\"%.0f\" y=\"%.1f\">%s</text>\n", TREND_LEFT - 8,
			y + 4, plot_number(v, text));
	}
	for (i = 0; i < n; i++) {
		trend_line(f, &s, &line[i], i);
		fprintf(f, "<text class=\"s%zu\" x=\"%.0f\" y=\"%.0f\">", i % LINES_MAX,
			TREND_LEFT + i * 80, TREND_HEIGHT - 5);
		html_text(f, line[i].label);
		fputs("</text>\n", f);
	}
	fputs("</svg></figure>\n", f);
}
