// Parts of options that all figures share.
import {niceAxis} from './format';
import type {Frame} from './types';

export const kFont = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

export function base(frame: Frame): Record<string, unknown> {
  return {
    animation: false,
    textStyle: {fontFamily: kFont, fontSize: 12, color: frame.palette.muted},
    aria: {enabled: false}, // the page gives title and description itself, in the page's language
    tooltip: frame.live ? tooltip(frame) : undefined,
  };
}

export function tooltip(frame: Frame): Record<string, unknown> {
  return {
    confine: true,
    backgroundColor: frame.palette.surface,
    borderColor: frame.palette.grid,
    borderWidth: 1,
    padding: [8, 12],
    textStyle: {color: frame.palette.ink, fontSize: 13, fontFamily: kFont},
    extraCssText: 'box-shadow:0 4px 16px rgba(0,0,0,.18);border-radius:6px',
  };
}

export function valueAxis(frame: Frame, most: number, formatter: (value: number) => string): Record<string, unknown> {
  const axis = niceAxis(most, frame.narrow ? 3 : 4);
  return {
    type: 'value',
    min: 0,
    max: axis.max,
    interval: axis.interval,
    axisLine: {show: false},
    axisTick: {show: false},
    axisLabel: {color: frame.palette.muted, formatter: formatter},
    splitLine: {lineStyle: {color: frame.palette.grid, width: 1}},
  };
}

export function categoryAxis(frame: Frame, data: string[]): Record<string, unknown> {
  return {
    type: 'category',
    data: data,
    axisLine: {lineStyle: {color: frame.palette.muted, width: 1}},
    axisTick: {show: false},
    axisLabel: {color: frame.palette.muted},
  };
}
