SELECT
  COUNT(*) AS "units",
  SUM("t4"."rows") AS "events",
  SUM(CAST("t4"."hours" >= 22 AS BIGINT)) AS "machine_units",
  SUM(IFF("t4"."hours" >= 22, "t4"."rows", NULL)) AS "machine_events"
FROM (
  SELECT
    "t3"."unit",
    SUM("t3"."rows") AS "rows",
    MAX("t3"."hours") AS "hours"
  FROM (
    SELECT
      "t2"."unit",
      "t2"."day",
      COUNT(*) AS "rows",
      COUNT(DISTINCT "t2"."hour") AS "hours"
    FROM (
      SELECT
        "t1"."user_id" AS "unit",
        CAST(FLOOR(CAST(DATE_PART('epoch_microsecond', "t1"."time") AS DOUBLE) / 86400000000) AS BIGINT) AS "day",
        CAST(FLOOR(CAST(DATE_PART('epoch_microsecond', "t1"."time") AS DOUBLE) / 3600000000) AS BIGINT) AS "hour"
      FROM (
        SELECT
          *
        FROM "events" AS "t0"
        WHERE
          "t0"."user_id" IS NOT NULL
          AND "t0"."event" IS NOT NULL
          AND "t0"."time" IS NOT NULL
          AND TRIM("t0"."user_id", ' \t\n\r\v\f') <> ''
          AND TRIM("t0"."event", ' \t\n\r\v\f') <> ''
      ) AS "t1"
    ) AS "t2"
    GROUP BY
      1,
      2
  ) AS "t3"
  GROUP BY
    1
) AS "t4";
