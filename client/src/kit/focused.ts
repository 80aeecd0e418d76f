/** A `ref` that takes the focus when it is drawn. `autofocus` does so only in a sheet that opens. */
export const focused = (element: HTMLElement | null): void => element?.focus();
