// What every figure module is given and gives back.
import type {EChartsCoreOption} from 'echarts/core';

export type Num = number | null;

// Colours by role. For static SVG they are markers that become CSS variables; live they are the page's computed colours.
export interface Palette {
  ink: string;
  muted: string;
  grid: string;
  surface: string;
  gap: string;
  band: string;
  first: string;
  fill: string; // a lighter first: bars behind lines
  second: string;
  heat: string[];
}

export interface Frame {
  width: number;
  narrow: boolean; // a phone: fewer labels, other proportions
  live: boolean; // in a browser with scripts: tooltips and zoom
  palette: Palette;
}

export interface FigureKind<Data> {
  height(data: Data, frame: Frame): number;
  option(data: Data, frame: Frame): EChartsCoreOption;
}
