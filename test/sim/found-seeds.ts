/** Seeds that once broke a promise. Every `npm test` plays them again, beside the first ones and new ones. A new seed
 *  that breaks is added here with the fix. */
export const foundSeeds: readonly number[] = [
  5_000_945, 70_000_709, 70_005_839, 70_008_163, 70_012_636, 70_013_923, 70_047_275, 70_064_172,
  70_076_218, 70_090_818, 70_091_959, 261_613_832, 800_006_319, 1_500_003_639, 1_500_006_266,
  1_500_007_521, 70_003_441, 1_521_613_512, 1_700_003_195, 1_700_016_489, 1_872_129_273,
  1_800_014_361, 1_800_018_151, 1_800_018_405, 1_850_003_267, 1_860_006_422,
]
