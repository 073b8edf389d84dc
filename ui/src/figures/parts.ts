// Horizontal bars in order of size, each divided into what passed and what did not, with the share that passed beside it.
import {base, tooltip} from './common';
import {escaped, share} from './format';
import {count} from './stacked';
import type {FigureKind} from './types';

interface PartsData {
  names: string[];
  good: number[];
  bad: number[];
  unknown: number[];
  labels: {good: string; bad: string; unknown: string};
}

const kRowHeight = 24;
const kLegend = 26;

export const parts: FigureKind<PartsData> = {
  height: function (data) {
    return data.names.length * kRowHeight + kLegend + 12;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const option = base(frame);
    const totals = data.names.map(function (_name, i) {
      return data.good[i] + data.bad[i] + data.unknown[i];
    });
    option.legend = {top: 0, left: 0, itemGap: 14, itemWidth: 14, itemHeight: 10, textStyle: {color: p.ink, fontSize: 12}, selectedMode: false};
    option.grid = {left: 4, right: frame.narrow ? 66 : 130, top: kLegend, bottom: 4, containLabel: true};
    option.xAxis = {type: 'value', show: false, min: 0};
    option.yAxis = {
      type: 'category',
      data: data.names,
      inverse: true,
      axisLine: {show: false},
      axisTick: {show: false},
      axisLabel: {color: p.ink, interval: 0, fontSize: 12, width: frame.narrow ? 120 : 260, overflow: 'truncate'},
    };
    const bar = function (name: string, values: number[], colour: string, last: boolean): object {
      return {
        type: 'bar',
        stack: 'all',
        name: name,
        data: values,
        barWidth: 13,
        barMinHeight: 0,
        itemStyle: {color: colour},
        label: last
          ? {
              show: true,
              position: 'right',
              color: p.ink,
              fontSize: 12,
              formatter: function (item: {dataIndex: number}) {
                const i = item.dataIndex;
                const known = data.good[i] + data.bad[i];
                return (known > 0 ? share(data.good[i] < known ? Math.min(0.999, data.good[i] / known) : 1) : '–') + (frame.narrow ? '' : '  ·  ' + count(totals[i]));
              },
            }
          : undefined,
      };
    };
    option.series = [
      bar(data.labels.good, data.good, p.first, false),
      bar(data.labels.bad, data.bad, p.second, false),
      bar(data.labels.unknown, data.unknown, p.grid, true),
    ];
    if (frame.live) {
      const tip = tooltip(frame);
      tip.trigger = 'axis';
      tip.axisPointer = {type: 'none'};
      tip.formatter = function (items: Array<{dataIndex: number}>) {
        const i = items[0].dataIndex;
        const line = function (name: string, value: number): string {
          return '<br>' + escaped(name) + ' · ' + count(value);
        };
        return (
          '<strong>' + escaped(data.names[i]) + '</strong>' + line(data.labels.good, data.good[i]) + line(data.labels.bad, data.bad[i]) +
          (data.unknown[i] > 0 ? line(data.labels.unknown, data.unknown[i]) : '')
        );
      };
      option.tooltip = tip;
    }
    return option;
  },
};
