// Lints an OpenAPI document by Redocly's recommended rules, each of them an error here:
//     NODE_PATH=.deps/node/node_modules node tests/node/openapi.cjs FILE
// Prints one line per problem; exit 1 when there is any.
const { createConfig, lint } = require("@redocly/openapi-core");

async function main(file) {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const problems = await lint({ ref: file, config });
  for (const problem of problems) {
    console.log(`${problem.location[0]?.pointer}: ${problem.ruleId}: ${problem.message}`);
  }
  return problems.length > 0 ? 1 : 0;
}

main(process.argv[2]).then((code) => process.exit(code));
