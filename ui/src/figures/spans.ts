// Bars from the first to the last time that something was seen, one row each, on one axis of time.
import {base, tooltip} from './common';
import {bytes, day, escaped} from './format';
import type {FigureKind, Num} from './types';

interface SpansData {
  names: string[];
  first: number[]; // seconds since 1970
  last: number[];
  bytes: Num[];
}

const kRowHeight = 24;
const kLeastShare = 0.008; // of the axis: what took seconds is seen all the same

function iso(seconds: number): string {
  return new Date(1000 * seconds).toISOString();
}

export const spans: FigureKind<SpansData> = {
  height: function (data) {
    return data.names.length * kRowHeight + 44;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const from = Math.min.apply(null, data.first);
    const to = Math.max.apply(null, data.last);
    const width = Math.max(to - from, 60);
    const option = base(frame);
    option.grid = {left: 4, right: frame.narrow ? 48 : 90, top: 4, bottom: 4, containLabel: true};
    option.xAxis = {
      type: 'value',
      min: 0,
      max: width,
      interval: width / (frame.narrow ? 2 : 4),
      axisLine: {show: false},
      axisTick: {show: false},
      splitLine: {lineStyle: {color: p.grid, width: 1}},
      axisLabel: {
        color: p.muted,
        formatter: function (value: number) {
          const at = iso(from + value);
          return width > 4 * 86400 ? day(at) : at.substr(11, 5);
        },
      },
    };
    option.yAxis = {
      type: 'category',
      data: data.names,
      inverse: true,
      axisLine: {show: false},
      axisTick: {show: false},
      axisLabel: {color: p.ink, interval: 0, fontSize: 12, width: frame.narrow ? 130 : 300, overflow: 'truncate'},
    };
    const lengths = data.first.map(function (at, i) {
      return Math.max(data.last[i] - at, width * kLeastShare);
    });
    option.series = [
      {
        type: 'bar',
        stack: 'span',
        silent: true,
        barWidth: 12,
        itemStyle: {opacity: 0},
        data: data.first.map(function (at, i) {
          return Math.min(at - from, width - lengths[i]);
        }),
      },
      {
        type: 'bar',
        stack: 'span',
        barWidth: 12,
        data: lengths,
        itemStyle: {color: p.first, borderRadius: 2},
        label: {
          show: true,
          position: 'right',
          color: p.ink,
          fontSize: 12,
          formatter: function (item: {dataIndex: number}) {
            const n = data.bytes[item.dataIndex];
            return n === null ? '' : bytes(n);
          },
        },
      },
    ];
    if (frame.live) {
      const tip = tooltip(frame);
      tip.formatter = function (item: {dataIndex: number}) {
        const i = item.dataIndex;
        const n = data.bytes[i];
        return '<strong>' + escaped(data.names[i]) + '</strong><br>' + iso(data.first[i]) + ' to ' + iso(data.last[i]) + (n === null ? '' : '<br>' + bytes(n));
      };
      option.tooltip = tip;
    }
    return option;
  },
};
