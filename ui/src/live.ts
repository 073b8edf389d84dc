// In a browser: puts a live chart over each static figure of a dossier, in the page's current colours.
import {init} from 'echarts/core';
import type {EChartsType} from 'echarts/core';

import {kinds, paletteOf} from './figures/index';
import type {Frame} from './figures/types';

interface Live {
  host: HTMLElement;
  kind: string;
  data: unknown;
  chart: EChartsType | null;
}

const kNarrow = 560; // CSS pixels of a figure below which the phone's proportions are used

function draw(live: Live): void {
  const width = live.host.clientWidth;
  if (width === 0) return;
  const style = getComputedStyle(live.host);
  const frame: Frame = {
    width: width,
    narrow: width < kNarrow,
    live: true,
    palette: paletteOf(function (role) {
      return style.getPropertyValue('--figure-' + role).replace(/^\s+|\s+$/g, '') || '#888888';
    }),
  };
  const kind = kinds[live.kind];
  const height = kind.height(live.data, frame) + (live.kind === 'daily' ? 42 : 0); // room for the zoom
  live.host.style.height = height + 'px';
  if (!live.chart) live.chart = init(live.host, null, {renderer: 'svg'});
  live.chart.resize({width: width, height: height});
  live.chart.setOption(kind.option(live.data, frame), true);
}

function words(figure: HTMLElement, selector: string): string {
  const element = figure.querySelector(selector);
  return (element && element.textContent) || '';
}

function start(figure: HTMLElement, data: any): Live | null {
  const still = figure.querySelector('.still') as HTMLElement | null;
  const kind = figure.getAttribute('data-kind') || '';
  if (!still || !kinds[kind] || !data) return null;
  const host = document.createElement('div');
  host.className = 'live';
  host.setAttribute('role', 'img'); // it takes the static figure's place for every reader
  host.setAttribute('aria-label', words(figure, '.title') + '. ' + words(figure, 'figcaption'));
  still.parentNode!.insertBefore(host, still);
  const live: Live = {host: host, kind: kind, data: data, chart: null};
  figure.className += ' is-live';
  try {
    draw(live);
  } catch (error) {
    figure.className = figure.className.replace(' is-live', '');
    host.parentNode!.removeChild(host);
    return null;
  }
  return live;
}

// Details are open in the file, for readers without scripts and for paper; on a screen they start closed.
function closeDetails(): void {
  const all = document.querySelectorAll('details');
  const each = function (open: boolean) {
    for (let i = 0; i < all.length; i++) (all[i] as HTMLDetailsElement).open = open;
  };
  each(false);
  window.addEventListener('beforeprint', function () {
    each(true);
  });
}

function offerData(): void {
  const button = document.getElementById('save');
  const data = document.getElementById('dossier-data');
  if (!button || !data) return;
  button.removeAttribute('hidden');
  button.addEventListener('click', function () {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([data.textContent || ''], {type: 'application/json'}));
    link.download = button.getAttribute('data-name') || 'dossier.json';
    link.click();
    setTimeout(function () {
      URL.revokeObjectURL(link.href);
    }, 1000);
  });
}

export function startPage(): void {
  const element = document.getElementById('dossier-figures');
  if (!element) return;
  closeDetails();
  offerData();
  const data = JSON.parse(element.textContent || '{}');
  const figures = document.querySelectorAll('figure[data-kind]');
  const all: Live[] = [];
  for (let i = 0; i < figures.length; i++) {
    const live = start(figures[i] as HTMLElement, data[figures[i].id]);
    if (live) all.push(live);
  }
  const redraw = function () {
    all.forEach(draw);
  };
  let waiting = 0;
  window.addEventListener('resize', function () {
    if (waiting) cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(redraw);
  });
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  if (dark.addEventListener) dark.addEventListener('change', redraw);
}
