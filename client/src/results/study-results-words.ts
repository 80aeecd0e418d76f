/** The words of the way from a study to what models found in it. */
export const studyResultsWords = {
  resultOf: ({ id, version }: { readonly id: string; readonly version: string }, when: string) =>
    `Result of ${id} ${version}, ${when}`,
} as const;
