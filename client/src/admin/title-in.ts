/** The title of a code in its table. One that this app does not know yet is shown as it is. */
export const titleIn = (table: Readonly<Record<string, { readonly title: string }>>, code: string): string =>
  (Object.hasOwn(table, code) ? table[code]?.title : undefined) ?? code;
