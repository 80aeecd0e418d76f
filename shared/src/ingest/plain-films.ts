/** Modalities of plain films (PS3.3 C.7.3.1.1.1), which the models on the device may examine. */
export const FILMS: ReadonlySet<string> = new Set(['CR', 'DX', 'RG']);
