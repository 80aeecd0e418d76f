/** Modalities of plain films (PS3.3 C.7.3.1.1.1), which the models on this device may look at. */
export const FILMS: ReadonlySet<string> = new Set(['CR', 'DX', 'RG']);
