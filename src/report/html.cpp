#include "report/html.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "base/errors.h"
#include "report/chart.h"
#include "report/html_style.h"

namespace y6q::report {
namespace {

std::string base64(const std::string& bytes) {
  constexpr size_t kLargest = size_t{1} << 30;
  if (bytes.size() > kLargest) throw InternalError("report: a picture of {} bytes", bytes.size());
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL adds a zero byte
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

std::string heading(const std::string& title) {
  return title.empty() ? "" : "<h2>" + escape_html(title) + "</h2>";
}

std::string card(const std::string& content) { return "<section class=\"card\">" + content + "</section>\n"; }

std::string html_of(const Highlights& highlights) {
  std::string html = "<div class=\"figures\">";
  for (const auto& figure : highlights.figures) {
    html += fmt::format("<div class=\"card\"><b>{}</b><span>{}</span><small>{}</small></div>",
                        escape_html(figure.value), escape_html(figure.label), escape_html(figure.note));
  }
  return html + "</div>\n";
}

std::string html_of(const Paragraph& paragraph) {
  constexpr std::array kClasses{"text", "text result", "text alarm"};
  return fmt::format("<p class=\"{}\">{}</p>\n", kClasses.at(static_cast<size_t>(paragraph.tone)),
                     escape_html(paragraph.text));
}

std::string html_of(const Links& links) {
  std::string html = heading(links.title) + "<ul class=\"links\">";
  for (const auto& [text, path] : links.pages)
    html += fmt::format("<li><a href=\"{}\">{}</a></li>", escape_html(path), escape_html(text));
  return card(html + "</ul>");
}

std::string html_of(const Table& table) {
  check(table);
  std::vector<const char*> style;
  for (size_t c = 0; c < table.columns.size(); ++c)
    style.push_back(is_numeric(table, c) ? " class=\"n\"" : "");
  std::string html = heading(table.title) + "<div class=\"scroll\"><table><thead><tr>";
  for (size_t c = 0; c < table.columns.size(); ++c) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", style[c], escape_html(table.columns[c].title));
  }
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t c = 0; c < row.size(); ++c) {
      const bool names_row = c == 0 && *style[c] == '\0';
      html +=
          fmt::format("<{0}{1}>{2}</{0}>", names_row ? "th" : "td", names_row ? " scope=\"row\"" : style[c],
                      escape_html(to_text(row[c], table.columns[c])));
    }
    html += "</tr>";
  }
  html += "</tbody></table></div>";
  if (!table.note.empty()) html += "<p class=\"note\">" + escape_html(table.note) + "</p>";
  return card(html);
}

std::string html_of(const LineChart& chart) {
  std::string html = heading(chart.title) + to_svg(chart);
  if (chart.series.size() < 2 && !chart.y_label.empty()) return card(html);  // the axis names the only curve
  html += "<ul class=\"legend\">";
  for (size_t i = 0; i < chart.series.size(); ++i) {
    html += fmt::format(
        "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path class=\"s{}\" d=\"M1 "
        "5H25\"/></svg>{}</li>",
        i % kSeriesStyles, escape_html(chart.series[i].name));
  }
  return card(html + "</ul>");
}

std::string html_of(const BarChart& chart) {
  double largest = 0;
  for (const auto& bar : chart.bars) {
    if (std::isfinite(bar.value)) largest = std::max(largest, bar.value);
  }
  std::string html = heading(chart.title) + "<div class=\"bars\">";
  const Column column{
      .key = "", .title = "", .decimals = chart.decimals, .suffix = chart.unit, .sign = chart.sign};
  for (const auto& bar : chart.bars) {
    const bool has_length = std::isfinite(bar.value) && bar.value > 0;
    html += fmt::format("<span>{}</span><i style=\"width:{:.1f}%\"></i><span class=\"n\">{}</span>",
                        escape_html(bar.name), has_length ? 100 * bar.value / largest : 0,
                        escape_html(to_text(bar.value, column)));
  }
  return card(html + "</div>");
}

std::string html_of(const HeatMap& map) {
  if (map.counts.size() != map.rows.size() * map.columns.size()) {
    throw InternalError("report: heat map '{}' has {} counts for {} x {}", map.title, map.counts.size(),
                        map.rows.size(), map.columns.size());
  }
  std::string html = heading(map.title) + "<div class=\"scroll\"><table class=\"heat\"><thead><tr>";
  html += fmt::format("<th scope=\"col\">{}</th>", escape_html(map.corner));
  for (const auto& column : map.columns)
    html += fmt::format("<th scope=\"col\"><span>{}</span></th>", escape_html(column));
  html += "</tr></thead><tbody>";
  for (size_t r = 0; r < map.rows.size(); ++r) {
    const auto row = std::span(map.counts).subspan(r * map.columns.size(), map.columns.size());
    const auto sum = std::max<int64_t>(1, std::accumulate(row.begin(), row.end(), int64_t{0}));
    html += fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(map.rows[r]));
    for (const int64_t count : row) {
      const double share = 100 * static_cast<double>(count) / static_cast<double>(sum);
      html += count ? fmt::format("<td style=\"--share:{:.0f}%\">{}</td>", share, count) : "<td></td>";
    }
    html += "</tr>";
  }
  html += "</tbody></table></div>";
  if (!map.note.empty()) html += "<p class=\"note\">" + escape_html(map.note) + "</p>";
  return card(html);
}

std::string html_of(const Gallery& gallery) {
  if (gallery.columns == 0) throw InternalError("report: gallery '{}' has no columns", gallery.title);
  std::string html = heading(gallery.title);
  html += fmt::format("<div class=\"gallery\" style=\"grid-template-columns:repeat({},minmax(0,1fr))\">",
                      gallery.columns);
  for (const auto& title : gallery.column_titles) html += "<div>" + escape_html(title) + "</div>";
  for (const Picture& picture : gallery.pictures) {
    html += fmt::format("<figure><img alt=\"{}\" src=\"data:{};base64,{}\">", escape_html(picture.caption),
                        escape_html(picture.mime), base64(picture.bytes));
    if (!picture.caption.empty()) html += "<figcaption>" + escape_html(picture.caption) + "</figcaption>";
    html += "</figure>";
  }
  return card(html + "</div>");
}

std::string html_of(const Histograms& histograms) {
  std::string html = heading(histograms.title) + "<div class=\"histograms\">";
  for (const Histogram& item : histograms.items) {
    html += fmt::format("<figure>{}<figcaption>{}<br>{}</figcaption></figure>", to_svg(item),
                        escape_html(item.name), escape_html(item.note));
  }
  html += "</div>";
  if (!histograms.note.empty()) html += "<p class=\"note\">" + escape_html(histograms.note) + "</p>";
  return card(html);
}

std::string html_of(const KeyValues& values) {
  std::string html = heading(values.title) + "<table class=\"keys\"><tbody>";
  for (const auto& [key, value] : values.values) {
    html +=
        fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape_html(key), escape_html(value));
  }
  return card(html + "</tbody></table>");
}

std::string html_of(const Code& code) {
  std::string html = heading(code.title) + "<pre>";
  for (const auto& line : code.lines) html += "<code>" + escape_html(line) + "</code>\n";
  return card(html + "</pre>");
}

/// What half of the page's width is enough for.
bool is_chart(const Section& section) {
  constexpr size_t kNarrow = 10;  // columns of a heat map
  const auto* map = std::get_if<HeatMap>(&section);
  return std::holds_alternative<LineChart>(section) || std::holds_alternative<BarChart>(section) ||
         (map != nullptr && map->columns.size() <= kNarrow);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default: {
        const auto code = static_cast<unsigned char>(c);
        const bool forbidden = (code < 0x20 && c != '\n' && c != '\t' && c != '\r') || code == 0x7F;
        if (forbidden) {
          html += "\xEF\xBF\xBD";
        } else {
          html += c;
        }
      }
    }
  }
  return html;
}

std::string to_html(const Page& page) {
  const std::string title = escape_html(page.title);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
      "<title>{}</title>\n<style>{}</style></head>\n<body><main>\n<header><h1>{}</h1>",
      title, kStyle, title);
  if (!page.subtitle.empty()) html += "<p>" + escape_html(page.subtitle) + "</p>";
  html += "</header>\n";
  bool in_row = false;
  for (const Section& section : page.sections) {
    if (is_chart(section) != in_row) {
      html += in_row ? "</div>\n" : "<div class=\"row\">\n";
      in_row = !in_row;
    }
    html += std::visit([](const auto& content) { return html_of(content); }, section);
  }
  if (in_row) html += "</div>\n";
  if (!page.footer.empty()) html += "<footer>" + escape_html(page.footer) + "</footer>\n";
  return html + "</main></body></html>\n";
}

}  // namespace y6q::report
