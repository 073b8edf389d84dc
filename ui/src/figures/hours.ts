// Each local hour's share of the day, now and in the comparison, with the working hours shaded.
import {base, tooltip, valueAxis} from './common';
import {escaped, share, twoDigits} from './format';
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
    // The middle of each hour, so that the working hours can be shaded to the minute.
    const points = function (values: Num[]) {
      return values.map(function (v, h) {
        return [h + 0.5, v];
      });
    };
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
    option.grid = {left: 4, right: 22, top: data.before === null ? 10 : frame.narrow ? 50 : 34, bottom: 4, containLabel: true};
    option.xAxis = {
      type: 'value',
      min: 0,
      max: 24,
      interval: frame.narrow ? 6 : 3,
      axisLine: {lineStyle: {color: p.muted, width: 1}},
      axisTick: {show: true, length: 4, lineStyle: {color: p.muted}},
      splitLine: {show: false},
      axisLabel: {
        color: p.muted,
        formatter: function (h: number) {
          return twoDigits(h) + ':00';
        },
      },
    };
    option.yAxis = valueAxis(frame, most * 1.05, function (v) {
      return share(v);
    });
    const series: object[] = [
      {
        type: 'line',
        name: data.labels.now,
        data: points(data.now),
        symbol: 'circle',
        symbolSize: 6,
        lineStyle: {color: p.first, width: 2.5},
        itemStyle: {color: p.first},
        z: 3,
        markArea: {silent: true, itemStyle: {color: p.band}, data: [[{xAxis: data.work_from}, {xAxis: data.work_to}]]},
      },
    ];
    if (data.before !== null)
      series.push({
        type: 'line',
        name: data.labels.before || '',
        data: points(data.before),
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
      tip.formatter = function (items: Array<{dataIndex: number; value: Num[]; seriesName: string; marker: string}>) {
        const h = items[0].dataIndex;
        let text = '<strong>' + twoDigits(h) + ':00–' + twoDigits(h + 1) + ':00</strong>';
        items.forEach(function (item) {
          const v = item.value[1];
          const value = v === null || v === undefined ? '–' : share(v);
          text += '<br>' + item.marker + value + ' <small>' + escaped(item.seriesName) + '</small>';
        });
        return text;
      };
      option.tooltip = tip;
    }
    return option;
  },
};
