/** The words of the count of reviews, which is not in the first load. */
export const reviewsCountWords = {
  /** `said`: the count, or more than can be counted. */
  count: (said: string, count: number) => `${said} ${count === 1 ? 'review' : 'reviews'} assigned to you`,
};
