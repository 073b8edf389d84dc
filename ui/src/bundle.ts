// The one script: inside the binary (Duktape) it draws static SVG, in a page it brings the figures to life.
import {staticSvg} from './figures/index';
import {startPage} from './live';

declare const globalThis: any;

const root: any = typeof window !== 'undefined' ? window : globalThis;
root.rangewatch = {
  // Takes and gives text, so that the host passes no objects.
  draw: function (request: string): string {
    return staticSvg(JSON.parse(request));
  },
};

if (typeof document !== 'undefined' && typeof window !== 'undefined') {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', startPage);
  else startPage();
}
