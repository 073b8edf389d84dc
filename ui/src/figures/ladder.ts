// Steps that lead up to where one wants to be, with the one that is reached and the one that comes next.
import {base} from './common';
import type {FigureKind} from './types';

interface LadderData {
  steps: string[];
  current: number; // -1: unknown
  next: number; // -1: none
  labels: {current: string; next: string};
}

export const ladder: FigureKind<LadderData> = {
  height: function (_data, frame) {
    return frame.narrow ? 170 : 190;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const option = base(frame);
    option.grid = {left: 4, right: 4, top: 24, bottom: 24};
    option.xAxis = {
      type: 'category',
      data: data.steps,
      axisLine: {lineStyle: {color: p.muted, width: 1}},
      axisTick: {show: false},
      axisLabel: {color: p.ink, interval: 0, fontSize: 12, width: frame.width / Math.max(1, data.steps.length) - 6, overflow: 'break'},
    };
    option.yAxis = {type: 'value', show: false, min: 0, max: data.steps.length};
    option.series = [
      {
        type: 'bar',
        barWidth: '96%',
        silent: true,
        data: data.steps.map(function (_step, i) {
          const current = i === data.current;
          const next = i === data.next;
          return {
            value: i + 1,
            itemStyle: {
              color: current ? p.first : i < data.current ? p.fill : p.band,
              borderColor: next ? p.second : 'transparent',
              borderWidth: next ? 2 : 0,
              borderType: 'dashed',
            },
            label: {
              show: current || next,
              position: 'top',
              color: current ? p.first : p.second,
              fontWeight: 600,
              fontSize: 12,
              formatter: current ? data.labels.current : data.labels.next,
            },
          };
        }),
      },
    ];
    return option;
  },
};
