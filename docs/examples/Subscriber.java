// Subscribes to Porter's events, and does something with each event once.
//
//     mvn -q dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=jars
//     protoc -I. -I/usr/include --java_out=. porter-events.proto
//     javac -cp 'jars/*' -d classes Subscriber.java porter/v1/PorterEvents.java
//     KAFKA_BROKERS=kafka:9092 KAFKA_GROUP=my-system java -cp 'classes:jars/*' Subscriber
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import porter.v1.PorterEvents.Event;

public class Subscriber {
    private static final List<String> TOPICS =
        List.of("porter.visitors.v1", "porter.contractors.v1", "porter.evacuations.v1");
    private static final int SEEN_MAX = 100_000;

    // Ids of the last events, oldest first. A duplicate follows its original closely as a rule, but a process that
    // starts again has forgotten all: where that matters, keep the id in your database, in the transaction of the work.
    private static final Map<String, Boolean> seen = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > SEEN_MAX;
        }
    };

    // What your system does. Types that you do not know may come: let them pass.
    private static void work(Event event) {
        String name = event.getData().hasVisitor() ? event.getData().getVisitor().getFullName() : "";
        System.out.println(event.getType() + " " + event.getId() + " " + event.getOrganizationId() + " " + name);
    }

    // Null of what is no event: waiting before it would stop the partition.
    private static Event read(byte[] value) {
        try {
            Event event = Event.parseFrom(value == null ? new byte[0] : value);
            return event.getId().isEmpty() ? null : event;
        } catch (InvalidProtocolBufferException fault) {
            return null;
        }
    }

    private static void take(ConsumerRecord<String, byte[]> record) {
        Event event = read(record.value());
        if (event == null) {
            System.err.println("unreadable: " + record.topic() + " " + record.partition() + " " + record.offset());
        } else if (!seen.containsKey(event.getId())) {
            work(event);
            seen.put(event.getId(), true); // Once its work is done.
        }
    }

    private static Properties settings() throws IOException {
        Map<String, String> environment = System.getenv();
        Properties settings = new Properties();
        settings.setProperty("bootstrap.servers", environment.getOrDefault("KAFKA_BROKERS", "localhost:9092"));
        settings.setProperty("group.id", environment.getOrDefault("KAFKA_GROUP", "porter-example-java"));
        settings.setProperty("auto.offset.reset", "earliest"); // A new group begins with the oldest event.
        settings.setProperty("enable.auto.commit", "false"); // Only what was taken counts as read.
        if (environment.containsKey("KAFKA_PROPERTIES")) { // A file: TLS, SASL.
            try (Reader file = Files.newBufferedReader(Path.of(environment.get("KAFKA_PROPERTIES")))) {
                settings.load(file);
            }
        }
        return settings;
    }

    public static void main(String[] words) throws Exception {
        Thread main = Thread.currentThread();
        try (var consumer = new KafkaConsumer<>(settings(), new StringDeserializer(), new ByteArrayDeserializer())) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.wakeup();
                try {
                    main.join();
                } catch (InterruptedException fault) {
                    Thread.currentThread().interrupt();
                }
            }));
            consumer.subscribe(TOPICS);
            while (true) {
                var records = consumer.poll(Duration.ofMillis(500));
                records.forEach(Subscriber::take);
                if (!records.isEmpty()) {
                    consumer.commitSync();
                }
            }
        } catch (WakeupException stop) {
            // SIGTERM or SIGINT: the consumer has left its group.
        }
    }
}
