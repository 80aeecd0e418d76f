/** A `ref` that focuses the element when it is drawn. `autofocus` does that only in a sheet that opens. */
export const focused = (element: HTMLElement | null): void => element?.focus();
