/** The title of a code in its table. An unknown code is returned unchanged. */
export const titleIn = (table: Readonly<Record<string, { readonly title: string }>>, code: string): string =>
  (Object.hasOwn(table, code) ? table[code]?.title : undefined) ?? code;
