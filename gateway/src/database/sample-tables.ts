/**
 * The mark of sample data: the accounts that were made for it. Their studies and the cases that they opened are sample
 * data, and nothing else is.
 */
type SampleAccountTable = { account_id: string; site_id: string };

export type SampleTables = { sample_account: SampleAccountTable };
