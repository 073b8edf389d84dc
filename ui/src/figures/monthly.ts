// Volumes by month, a bar for each of a few series side by side.
import {base, categoryAxis, tooltip, valueAxis} from './common';
import {bytes, escaped, month} from './format';
import type {FigureKind, Num} from './types';

interface MonthlyData {
  months: string[]; // firsts of months
  series: Array<{name: string; bytes: Num[]}>;
}

const kLegendRow = 18;

export const monthly: FigureKind<MonthlyData> = {
  height: function (data, frame) {
    return (frame.narrow ? 220 : 260) + kLegendRow * data.series.length;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const colours = [p.first, p.second, p.fill, p.heat[4], p.muted, p.heat[6]];
    let most = 0;
    data.series.forEach(function (one) {
      one.bytes.forEach(function (value) {
        most = Math.max(most, value || 0);
      });
    });
    const option = base(frame);
    option.legend = {top: 0, left: 0, orient: 'vertical', itemGap: 4, textStyle: {color: p.ink, fontSize: 12}, selectedMode: frame.live};
    option.grid = {left: 4, right: 8, top: 16 + kLegendRow * data.series.length, bottom: 4, containLabel: true};
    const room = frame.narrow ? 6 : 14;
    const step = Math.max(1, Math.ceil(data.months.length / room));
    const x = categoryAxis(frame, data.months);
    x.axisLabel = {
      color: p.muted,
      interval: function (index: number) {
        return index % step === 0;
      },
      formatter: function (value: string) {
        return month(value);
      },
    };
    option.xAxis = x;
    option.yAxis = valueAxis(frame, most, bytes);
    option.series = data.series.map(function (one, i) {
      return {
        type: 'bar',
        name: one.name,
        data: one.bytes,
        barGap: '10%',
        barCategoryGap: '25%',
        itemStyle: {color: colours[i % colours.length], borderRadius: [2, 2, 0, 0]},
      };
    });
    if (frame.live) {
      const tip = tooltip(frame);
      tip.trigger = 'axis';
      tip.axisPointer = {type: 'shadow', shadowStyle: {color: p.band}};
      tip.formatter = function (items: Array<{dataIndex: number}>) {
        const i = items[0].dataIndex;
        return (
          '<strong>' + escaped(data.months[i].substr(0, 7)) + '</strong>' +
          data.series
            .map(function (one) {
              const value = one.bytes[i];
              return '<br>' + escaped(one.name) + ' · ' + (value === null ? '–' : bytes(value));
            })
            .join('')
        );
      };
      option.tooltip = tip;
    }
    return option;
  },
};
