import { DuckDBInstance } from "@duckdb/node-api";

/** Runs SQL in an empty database in memory: `duckdb.js <threads> <sql>`. */
const [threads = "2", sql = ""] = process.argv.slice(2);
const database = await DuckDBInstance.create(":memory:", { threads });
const connection = await database.connect();
await connection.run(sql);
connection.closeSync();
database.closeSync();
