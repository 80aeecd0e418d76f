/** Modalities of plain films (PS3.3 C.7.3.1.1.1): what the models of this device may be asked about. */
export const FILMS: ReadonlySet<string> = new Set(['CR', 'DX', 'RG']);
