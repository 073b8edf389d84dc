// Each local hour's share of the day, now and in the comparison, with the working hours shaded.
import {base, categoryAxis, tooltip, valueAxis} from './common';
import {escaped, niceCeiling, share, twoDigits} from './format';
import type {FigureKind, Num} from './types';

interface HoursData {
  now: Num[];
  before: Num[] | null;
  work_from: number;
  work_to: number;
  labels: {now: string; before: string | null; share: string};
}

export const hours: FigureKind<HoursData> = {
  height: function (_data, frame) {
    return frame.narrow ? 250 : 280;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const names: string[] = [];
    for (let h = 0; h < 24; h++) names.push(twoDigits(h));
    let most = 0;
    data.now.concat(data.before || []).forEach(function (v) {
      most = Math.max(most, v || 0);
    });
    const option = base(frame);
    option.legend = {
      show: data.before !== null,
      top: 0,
      left: 0,
      itemWidth: 24,
      icon: undefined,
      orient: frame.narrow ? 'vertical' : 'horizontal',
      textStyle: {color: p.ink, fontSize: 12},
      selectedMode: frame.live,
    };
    option.grid = {left: 4, right: 10, top: data.before === null ? 10 : frame.narrow ? 50 : 34, bottom: 4, containLabel: true};
    const x = categoryAxis(frame, names);
    x.boundaryGap = true;
    x.axisLabel = {color: p.muted, interval: frame.narrow ? 2 : 0};
    option.xAxis = x;
    const y = valueAxis(frame, function (v) {
      return share(v, 0);
    });
    y.max = niceCeiling(most * 1.05);
    option.yAxis = y;
    const first = Math.floor(data.work_from);
    const last = Math.max(first, Math.ceil(data.work_to) - 1);
    const series: object[] = [
      {
        type: 'line',
        name: data.labels.now,
        data: data.now,
        symbol: 'circle',
        symbolSize: 6,
        lineStyle: {color: p.first, width: 2.5},
        itemStyle: {color: p.first},
        z: 3,
        markArea: {silent: true, itemStyle: {color: p.band}, data: [[{xAxis: names[first]}, {xAxis: names[last]}]]},
      },
    ];
    if (data.before !== null)
      series.push({
        type: 'line',
        name: data.labels.before || '',
        data: data.before,
        symbol: 'diamond',
        symbolSize: 7,
        lineStyle: {color: p.second, width: 2, type: [5, 4]},
        itemStyle: {color: p.second},
      });
    option.series = series;
    if (frame.live) {
      const tip = tooltip(frame);
      tip.trigger = 'axis';
      tip.axisPointer = {type: 'line', lineStyle: {color: p.muted}};
      tip.formatter = function (items: Array<{dataIndex: number; value: Num; seriesName: string; marker: string}>) {
        const h = items[0].dataIndex;
        let text = '<strong>' + twoDigits(h) + ':00–' + twoDigits(h + 1) + ':00</strong>';
        items.forEach(function (item) {
          const value = item.value === null || item.value === undefined ? '–' : share(item.value);
          text += '<br>' + item.marker + value + ' <small>' + escaped(item.seriesName) + '</small>';
        });
        return text;
      };
      option.tooltip = tip;
    }
    return option;
  },
};
