// The list of figures: one line for each file. Also how one becomes static SVG.
import {BarChart, HeatmapChart, LineChart, ScatterChart} from 'echarts/charts';
import {
  DataZoomComponent,
  GraphicComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapPiecewiseComponent,
} from 'echarts/components';
import {init, setPlatformAPI, use} from 'echarts/core';
import {SVGRenderer} from 'echarts/renderers';

import {daily} from './daily';
import {escaped} from './format';
import {hours} from './hours';
import {ladder} from './ladder';
import {monthly} from './monthly';
import {parts} from './parts';
import {ranking} from './ranking';
import {spans} from './spans';
import {stacked} from './stacked';
import type {FigureKind, Frame, Palette} from './types';
import {week} from './week';

use([
  BarChart, HeatmapChart, LineChart, ScatterChart, DataZoomComponent, GraphicComponent, GridComponent, LegendComponent, MarkAreaComponent,
  MarkLineComponent, TooltipComponent, VisualMapPiecewiseComponent, SVGRenderer,
]);

export const kinds: {[kind: string]: FigureKind<any>} = {
  daily: daily, hours: hours, ladder: ladder, monthly: monthly, parts: parts, ranking: ranking, spans: spans, stacked: stacked, week: week,
};

const kHeatSteps = 7;

// Widths of text where nobody can measure it: those of a wide typeface (DejaVu Sans), so that with any other one nothing
// touches what stands beside it.
function widthOf(c: number): number {
  if (c >= 48 && c <= 57) return 0.636;
  if (c === 32 || c === 44 || c === 46 || c === 58 || c === 0xb7) return 0.337;
  if (c >= 65 && c <= 90) return 0.7;
  if (c === 77 || c === 87 || c === 109 || c === 119 || c === 37) return 0.95;
  if (c === 102 || c === 105 || c === 106 || c === 108 || c === 114 || c === 116) return 0.37;
  return c < 0x2e80 ? 0.61 : 1;
}

function measureText(text: string, font?: string): {width: number} {
  const size = /([0-9.]+)px/.exec(font || '');
  let ems = 0;
  for (let i = 0; i < text.length; i++) ems += widthOf(text.charCodeAt(i));
  return {width: ems * (size ? parseFloat(size[1]) : 12)};
}

// Colours that nothing else uses. They stand for roles until the SVG is text, and then become CSS variables, so that one
// drawing serves light, dark and paper. (ECharts has to parse colours, so variables cannot go through it.)
function marker(role: number): string {
  const hex = (role + 1 < 16 ? '0' : '') + (role + 1).toString(16);
  return '#fe' + hex + 'ef';
}

const kRoles = ['ink', 'muted', 'grid', 'surface', 'gap', 'band', 'first', 'fill', 'second'];

function markers(): Palette {
  const palette: any = {heat: []};
  for (let i = 0; i < kRoles.length; i++) palette[kRoles[i]] = marker(i);
  for (let i = 0; i < kHeatSteps; i++) palette.heat.push(marker(kRoles.length + i));
  return palette;
}

// `value` gives the colour of a role: 'var(--figure-ink)' for a page, a literal colour for a file of its own.
export function paletteOf(value: (role: string) => string): Palette {
  const palette: any = {heat: []};
  for (let i = 0; i < kRoles.length; i++) palette[kRoles[i]] = value(kRoles[i]);
  for (let i = 0; i < kHeatSteps; i++) palette.heat.push(value('heat-' + i));
  return palette;
}

function coloured(svg: string, palette: Palette): string {
  for (let i = 0; i < kRoles.length; i++) svg = svg.split(marker(i)).join((palette as any)[kRoles[i]]);
  for (let i = 0; i < kHeatSteps; i++) svg = svg.split(marker(kRoles.length + i)).join(palette.heat[i]);
  return svg;
}

// What a picture of the light page looks like; for files that no style sheet reaches.
const kLight: {[role: string]: string} = {
  ink: '#1c2430', muted: '#586474', grid: '#dfe4ea', surface: '#ffffff', gap: '#eceff3', band: '#f0f4f8', first: '#0072B2', fill: '#9cc6e2', second: '#C25400',
  'heat-0': '#eef3f8', 'heat-1': '#d3e2f0', 'heat-2': '#a9cbe4', 'heat-3': '#74aed4', 'heat-4': '#3b8cc0', 'heat-5': '#0c68a5', 'heat-6': '#063f6b',
};

export interface StaticRequest {
  kind: string;
  data: unknown;
  id: string; // unique in the page, for the title's reference
  title: string;
  description: string;
  width: number;
  narrow: boolean;
  variables: boolean; // colours as CSS variables
}

export function staticSvg(request: StaticRequest): string {
  setPlatformAPI({measureText: measureText as any});
  const kind = kinds[request.kind];
  if (!kind) throw new Error('no figure of kind ' + request.kind);
  const frame: Frame = {width: request.width, narrow: request.narrow, live: false, palette: markers()};
  const height = kind.height(request.data, frame);
  const chart = init(null, null, {renderer: 'svg', ssr: true, width: request.width, height: height});
  chart.setOption(kind.option(request.data, frame));
  let svg = chart.renderToSVGString();
  chart.dispose();
  const palette = paletteOf(function (role) {
    return request.variables ? 'var(--figure-' + role + ')' : kLight[role];
  });
  svg = coloured(svg, palette);
  const titleId = request.id + '-title';
  const descriptionId = request.id + '-desc';
  const head =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ' + request.width + ' ' + height + '" width="' + request.width + '" height="' + height +
    '" role="img" aria-labelledby="' + titleId + ' ' + descriptionId + '"><title id="' + titleId + '">' + escaped(request.title) +
    '</title><desc id="' + descriptionId + '">' + escaped(request.description) + '</desc>';
  return svg.replace(/^<svg[^>]*>/, head);
}
