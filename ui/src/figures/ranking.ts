// Horizontal bars in order of size, with each one's share of the whole beside it.
import {base, tooltip} from './common';
import {bytes, escaped, share} from './format';
import type {FigureKind} from './types';

interface RankingData {
  names: string[];
  bytes: number[];
  shares: number[];
  labels: {bytes: string; share: string};
}

const kRowHeight = 22;

export const ranking: FigureKind<RankingData> = {
  height: function (data) {
    return data.names.length * kRowHeight + 12;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const option = base(frame);
    option.grid = {left: 4, right: frame.narrow ? 56 : 150, top: 4, bottom: 4, containLabel: true};
    option.xAxis = {type: 'value', show: false, min: 0};
    option.yAxis = {
      type: 'category',
      data: data.names,
      inverse: true,
      axisLine: {show: false},
      axisTick: {show: false},
      axisLabel: {color: p.ink, interval: 0, fontSize: 12, width: frame.narrow ? 130 : 280, overflow: 'truncate'},
    };
    option.series = [
      {
        type: 'bar',
        name: data.labels.share,
        data: data.shares,
        barWidth: 12,
        itemStyle: {color: p.first, borderRadius: [0, 2, 2, 0]},
        label: {
          show: true,
          position: 'right',
          color: p.ink,
          fontSize: 12,
          formatter: function (item: {dataIndex: number}) {
            const i = item.dataIndex;
            return (100 * data.shares[i]).toFixed(1) + ' %' + (frame.narrow ? '' : '  ·  ' + bytes(data.bytes[i]));
          },
        },
      },
    ];
    if (frame.live) {
      const tip = tooltip(frame);
      tip.formatter = function (item: {dataIndex: number}) {
        const i = item.dataIndex;
        return '<strong>' + escaped(data.names[i]) + '</strong><br>' + share(data.shares[i], 2) + ' · ' + bytes(data.bytes[i]);
      };
      option.tooltip = tip;
    }
    return option;
  },
};
