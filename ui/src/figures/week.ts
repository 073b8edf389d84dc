// Volume by hour and weekday in local time; on a phone the grid stands upright.
import {base, categoryAxis, tooltip} from './common';
import {bytes, escaped, twoDigits} from './format';
import type {FigureKind, Frame, Num} from './types';

interface WeekData {
  cells: Num[]; // 168, Monday 00:00 first
  days: string[];
  work: {days: boolean[]; from: number; to: number};
  labels: {value: string; unknown: string};
}

// One step of the scale per colour, from 0 to the largest cell.
function pieces(most: number, frame: Frame): object[] {
  const colours = frame.palette.heat;
  const result: object[] = [];
  for (let i = 0; i < colours.length; i++) {
    const from = (most * i) / colours.length;
    const to = (most * (i + 1)) / colours.length;
    result.push({
      gte: from,
      lt: i === colours.length - 1 ? undefined : to,
      color: colours[i],
    });
  }
  return result;
}

// The outline of the working hours, one box for each run of working days. The grid's edges are fixed, so cells have known places.
function workBoxes(data: WeekData, frame: Frame, edges: {left: number; right: number; top: number; bottom: number}): object[] {
  const upright = frame.narrow;
  const cellWidth = (frame.width - edges.left - edges.right) / (upright ? 7 : 24);
  const cellHeight = (week.height(data, frame) - edges.top - edges.bottom) / (upright ? 24 : 7);
  const boxes: object[] = [];
  for (let d = 0; d < 7; d++) {
    if (!data.work.days[d]) continue;
    let end = d;
    while (end + 1 < 7 && data.work.days[end + 1]) end++;
    const days = {from: d, size: end + 1 - d};
    const hours = {from: data.work.from, size: data.work.to - data.work.from};
    const across = upright ? days : hours;
    const down = upright ? hours : days;
    boxes.push({
      type: 'rect',
      silent: true,
      z: 100,
      shape: {
        x: edges.left + across.from * cellWidth,
        y: edges.top + down.from * cellHeight,
        width: across.size * cellWidth,
        height: down.size * cellHeight,
        r: 4,
      },
      style: {fill: 'none', stroke: frame.palette.second, lineWidth: 2},
    });
    d = end;
  }
  return boxes;
}

export const week: FigureKind<WeekData> = {
  height: function (_data, frame) {
    return frame.narrow ? 520 : 320;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const upright = frame.narrow;
    const hours: string[] = [];
    for (let h = 0; h < 24; h++) hours.push(twoDigits(h));
    const known: number[][] = [];
    const unknown: number[][] = [];
    let most = 0;
    data.cells.forEach(function (value, cell) {
      const hour = cell % 24;
      const dayOfWeek = Math.floor(cell / 24);
      const at = upright ? [dayOfWeek, hour] : [hour, dayOfWeek];
      if (value === null) {
        unknown.push([at[0], at[1], 0]);
      } else {
        most = Math.max(most, value);
        known.push([at[0], at[1], value]);
      }
    });
    const hourAxis = categoryAxis(frame, hours);
    hourAxis.axisLine = {show: false};
    hourAxis.axisLabel = {color: p.muted, interval: upright ? 2 : frame.width < 600 ? 2 : 0};
    const dayAxis = categoryAxis(frame, data.days);
    dayAxis.axisLine = {show: false};
    dayAxis.axisLabel = {color: p.ink, interval: 0};
    const option = base(frame);
    const edges = upright ? {left: 28, right: 4, top: 4, bottom: 60} : {left: 40, right: 4, top: 4, bottom: 56};
    option.grid = edges;
    option.graphic = workBoxes(data, frame, edges);
    (upright ? hourAxis : dayAxis).inverse = true;
    option.xAxis = upright ? dayAxis : hourAxis;
    option.yAxis = upright ? hourAxis : dayAxis;
    option.visualMap = {
      type: 'piecewise',
      orient: 'horizontal',
      left: 'center',
      bottom: 0,
      seriesIndex: 0,
      dimension: 2,
      pieces: pieces(most || 1, frame),
      hoverLink: false,
      selectedMode: false,
      itemWidth: 26,
      itemHeight: 12,
      itemGap: 2,
      itemSymbol: 'rect',
      showLabel: false,
      text: [bytes(most), bytes(0)],
      textGap: 8,
      textStyle: {color: p.muted, fontSize: 12},
    };
    const cellStyle = {borderColor: p.surface, borderWidth: 2, borderRadius: 3};
    option.series = [
      {
        type: 'heatmap',
        name: data.labels.value,
        data: known,
        itemStyle: cellStyle,
        emphasis: {itemStyle: {borderColor: p.ink, borderWidth: 2}},
      },
      {
        type: 'scatter', // cells that are not known: a small cross, no colour of the scale
        name: data.labels.unknown,
        data: unknown,
        symbol: 'path://M0 0L10 10M10 0L0 10',
        symbolSize: 7,
        itemStyle: {color: 'transparent', borderColor: p.muted, borderWidth: 1},
        silent: false,
      },
    ];
    if (frame.live) {
      const tip = tooltip(frame);
      tip.formatter = function (item: {seriesIndex: number; data: number[]}) {
        const hour = upright ? item.data[1] : item.data[0];
        const dayOfWeek = upright ? item.data[0] : item.data[1];
        const name = escaped(data.days[dayOfWeek]) + ' ' + twoDigits(hour) + ':00–' + twoDigits(hour + 1) + ':00';
        const value = item.seriesIndex === 0 ? bytes(item.data[2]) : '–';
        const label = escaped(item.seriesIndex === 0 ? data.labels.value : data.labels.unknown);
        return '<strong>' + name + '</strong><br>' + value + '<br><small>' + label + '</small>';
      };
      option.tooltip = tip;
    }
    return option;
  },
};
